/**
 * A DAG whose tasks say where they are, in a file outside the system: a line when an attempt starts, one every 20 ms
 * while it works, one when it ends. Lines are single appends, so that two processes cannot mix theirs. It runs every so many seconds, or when asked (null).
 */
export function witnessDag(witnessPath: string, everySeconds: number | null): string {
  return `import { appendFileSync } from 'node:fs';
import { Dag, getContext } from 'millrace';

const dag = new Dag('Chaos_Witness', { schedule: ${everySeconds === null ? 'null' : `{ every: ${everySeconds} }`}, startDate: '2026-01-01', catchup: false, maxActiveRuns: 4 });

const work = async ({ ms }: { ms: number }) => {
  const { runId, taskId, mapIndex, tryNumber } = getContext();
  const attempt = \`\${process.pid}-\${process.hrtime.bigint()}\`;
  const say = (what: string) =>
    appendFileSync(
      ${JSON.stringify(witnessPath)},
      JSON.stringify({ at: Number(process.hrtime.bigint() / 1000n), run: runId, task: taskId, map: mapIndex, try: tryNumber, attempt, what }) + '\\n',
    );
  say('start');
  for (let left = ms; left > 0; left -= 20) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    say('tick');
  }
  say('end');
  return ms;
};

const first = dag.task('first', work)({ ms: 200 });
const many = dag.task('many', work).expand({ ms: [100, 200, 300] });
const last = dag.task('last', work)({ ms: 100 });
first.before(many);
many.before(last);

export default dag;
`;
}
