import { existsSync, readFileSync } from 'node:fs';
import { type Finding, finding, groupBy } from './finding.js';

/** What a task says of itself, in a file outside the system. */
export interface WitnessLine {
  /** Microseconds of the clock that all processes of a machine share and nobody can set. */
  at: number;
  dag: string;
  run: string;
  task: string;
  map: number;
  try: number;
  /** One process, one go at a task. */
  attempt: string;
  /** 1, 2, 3 … within the attempt; the same number stands in the attempt's log. */
  n: number;
  what: 'start' | 'tick' | 'end';
}

/** The same clock, here. */
export function witnessNow(): number {
  return Number(process.hrtime.bigint() / 1000n);
}

/**
 * The head of a DAG file whose tasks are watched: `watch()` makes a `say` that writes a line to the attempt's log and then
 * one to the witness file. Lines are single appends, so that two processes cannot mix theirs.
 */
export function witnessHead(witnessPath: string): string {
  return `import { appendFileSync } from 'node:fs';
import { Dag, getContext } from 'millrace';

const watch = () => {
  const { dagId, runId, taskId, mapIndex, tryNumber } = getContext();
  const attempt = \`\${process.pid}-\${process.hrtime.bigint()}\`;
  let n = 0;
  return (what) => {
    n += 1;
    console.log('witness ' + attempt + ' ' + n);
    appendFileSync(
      ${JSON.stringify(witnessPath)},
      JSON.stringify({ at: Number(process.hrtime.bigint() / 1000n), dag: dagId, run: runId, task: taskId, map: mapIndex, try: tryNumber, attempt, n, what }) + '\\n',
    );
  };
};
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
/** Works for so many milliseconds and says so every ten. */
const work = async ({ ms }) => {
  const say = watch();
  say('start');
  for (let left = ms; left > 0; left -= 10) {
    await pause(10);
    say('tick');
  }
  say('end');
  return ms;
};
`;
}

/** Empty when no task has begun yet. A line that a kill cut off was never said. */
export function readWitness(path: string): WitnessLine[] {
  if (!existsSync(path)) return [];
  return readFileSync(path, 'utf8')
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as WitnessLine);
}

export function instanceOf({ dag, run, task, map }: Pick<WitnessLine, 'dag' | 'run' | 'task' | 'map'>): string {
  return map < 0 ? `${dag} ${run} ${task}` : `${dag} ${run} ${task}[${map}]`;
}

/** When an attempt of a task instance starts, the one before it makes no sound any more. */
export function attemptsDoNotOverlap(lines: WitnessLine[]): Finding {
  const instances = groupBy(lines, instanceOf);
  const faults: string[] = [];
  let attempts = 0;
  for (const [instance, all] of instances) {
    const own = [...groupBy(all, ({ attempt }) => attempt).values()].map((said) => ({
      from: Math.min(...said.map(({ at }) => at)),
      to: Math.max(...said.map(({ at }) => at)),
    }));
    attempts += own.length;
    own.sort((a, b) => a.from - b.from);
    own.forEach((attempt, index) => {
      const next = own[index + 1];
      if (next && attempt.to > next.from) faults.push(`two attempts of ${instance} were alive at the same time`);
    });
  }
  return finding(
    'twice',
    'a task instance has one live attempt',
    faults,
    `${attempts} attempts of ${instances.size} task instances`,
  );
}
