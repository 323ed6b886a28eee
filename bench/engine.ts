import { sql } from 'kysely';
import { database } from '../scheduler/store/database.js';
import { type BareChildren, bareCommits, openBareChildren } from './bare.js';
import { type Bench, type BenchRow, type Measurement, measureAgainst, median } from './bench.js';
import { benchFolder, type EngineRig, openEngineRig, storePath } from './engine-rig.js';
import { everyMinute } from './every-minute.js';
import { fillHistory } from './history.js';

/**
 * The engine whole: real decisions, a durable store (`synchronous=FULL`) and a real pool of processes, from the trigger
 * to the commit of the run's end. New, beside what the machine takes by itself; with a million finished task instances
 * in its history, beside the new one; with a thousand DAGs that are due every minute.
 */
export const bench: Bench = async (say) => [
  ...(await withoutHistory(say)),
  ...(await withHistory(say)),
  ...(await everyMinute(say)),
];

export const parts: Record<string, Bench> = { new: withoutHistory, history: withHistory, minute: everyMinute };

async function withoutHistory(say: (line: string) => void): Promise<BenchRow[]> {
  const folder = benchFolder();
  const bare = await openBareChildren(2);
  const rig = await openEngineRig({ folder: folder.path });
  try {
    await rig.declare('engine.ts');
    const rows: BenchRow[] = [];
    for (const wish of wishes(rig)) {
      const baseline = { name: wish.floor.name, measure: () => wish.floor.measure(bare) };
      rows.push(await measureAgainst({ ...wish, baseline }, say));
    }
    return [...rows, memoryRow()];
  } finally {
    bare.close();
    await rig.close();
    folder.remove();
  }
}

interface Wish extends Omit<Measurement, 'baseline'> {
  /** What the machine alone takes for it. */
  floor: { name: string; measure(bare: BareChildren): Promise<number> };
}

/** What an attempt costs on the channel at least: a message there and one back, of the size of ours. */
const message = { type: 'run', attempt: 'x'.repeat(1_000) };

function wishes(rig: EngineRig): Wish[] {
  return [
    {
      name: '3 tasks in a row, trigger to end',
      unit: 'ms',
      goal: 6,
      better: 'lower',
      runs: 21,
      measure: () => rig.run('three'),
      floor: inARow(5, 3),
    },
    {
      name: 'chain of 40 tasks',
      unit: 'ms',
      goal: 120,
      better: 'lower',
      runs: 11,
      measure: () => rig.run('chain40'),
      floor: inARow(42, 40),
    },
    {
      name: 'from the end of a task to the start of the next, median',
      unit: 'ms',
      goal: 1.5,
      better: 'lower',
      measure: () => medianGap(rig),
      floor: inARow(1, 1),
    },
    {
      name: 'fan-out of 1,000',
      unit: 'tasks/s',
      goal: 2_500,
      better: 'higher',
      runs: 7,
      measure: async () => 1_001 / ((await rig.run('fan')) / 1_000),
      floor: {
        name: 'bare messages to two children',
        measure: async (bare) => 1_001 / ((await bare.messagesSideBySideMs(message, 1_001)) / 1_000),
      },
    },
    {
      name: '10 times fibonacci(33)',
      unit: 'ms',
      goal: { timesBaseline: 1.1 },
      better: 'lower',
      measure: () => rig.run('computing'),
      floor: { name: 'the same in one bare process', measure: (bare) => bare.fibonacciMs(10) },
    },
    {
      name: '10,000 tasks in 20 layers',
      unit: 'ms',
      goal: 6_000,
      better: 'lower',
      runs: 2,
      measure: () => rig.run('layers'),
      floor: {
        name: '10,000 bare messages to two children',
        measure: (bare) => bare.messagesSideBySideMs(message, 10_000),
      },
    },
  ];
}

/** The most that this process has held: the scheduler, the store and this benchmark. */
function memoryRow(): BenchRow {
  const value = process.resourceUsage().maxRSS / 1_024;
  const name = "the most memory of the scheduler's process until here";
  return { name, unit: 'MiB', value, min: value, max: value, goal: 300, better: 'lower', baseline: null, ratio: null };
}

/** The same with a long history, each figure beside that of a new one. */
async function withHistory(say: (line: string) => void): Promise<BenchRow[]> {
  const [newFolder, oldFolder] = [benchFolder(), benchFolder()];
  const restart = async () => {
    const began = performance.now();
    const rig = await openEngineRig({ folder: oldFolder.path });
    const ms = performance.now() - began;
    await rig.close();
    return ms;
  };
  let fresh: EngineRig | undefined;
  let rig: EngineRig | undefined;
  try {
    fresh = await openEngineRig({ folder: newFolder.path });
    await fresh.declare('engine.ts');
    const first = await openEngineRig({ folder: oldFolder.path });
    await first.declare('engine.ts');
    await first.close();
    say(`${fillHistory(storePath(oldFolder.path), benchHistory)} task instances in the history`);
    const name = 'restart with 1,000,000 finished, to ready';
    const rows = [await measureAgainst({ name, unit: 'ms', goal: 1_500, better: 'lower', measure: restart }, say)];
    rig = await openEngineRig({ folder: oldFolder.path });
    const baselines = wishes(fresh);
    for (const [at, wish] of wishes(rig).entries()) {
      const baseline = { name: 'without', measure: (baselines[at] as Wish).measure };
      const goal = { timesBaseline: wish.better === 'lower' ? 1.2 : 1 / 1.2 };
      rows.push(await measureAgainst({ ...wish, name: `with 1,000,000 finished: ${wish.name}`, goal, baseline }, say));
    }
    return rows;
  } finally {
    await fresh?.close();
    await rig?.close();
    newFolder.remove();
    oldFolder.remove();
  }
}

/** A million task instances, all of DAGs that are measured. */
const benchHistory = [
  { dagId: 'three', taskIds: ids(3), runs: 40_000 },
  { dagId: 'chain40', taskIds: ids(40), runs: 10_000 },
  { dagId: 'stamps', taskIds: ids(40), runs: 2_000 },
  { dagId: 'computing', taskIds: ids(10), runs: 10_000 },
  { dagId: 'fan', taskIds: ['first', ...ids(1_000)], runs: 300 },
];

function ids(count: number): string[] {
  return Array.from({ length: count }, (_, at) => `t${at}`);
}

/** So many commits and messages one after another, the mean of several rounds. */
function inARow(commits: number, messages: number): Wish['floor'] {
  const rounds = Math.ceil(40 / messages);
  return {
    name: `${commits} bare commits and ${messages} bare messages`,
    measure: async (bare) =>
      (bareCommits(commits * rounds) + (await bare.messagesMs(message, messages * rounds))) / rounds,
  };
}

/** The tasks say themselves when their code began and ended, by the clock that all processes share. */
async function medianGap(rig: EngineRig): Promise<number> {
  await rig.run('stamps');
  const rows = await rig.store.read(
    sql<{ value_json: string }>`
      select value_json from xcom where dag_run_id = (select max(id) from dag_run where dag_id = 'stamps')
      and key = 'return_value'`.compile(database),
  );
  const times = rows.map((row) => JSON.parse(row.value_json) as [began: number, ended: number]);
  times.sort((a, b) => a[0] - b[0]);
  return median(times.slice(1).map(([began], at) => began - (times[at]?.[1] ?? began)));
}
