import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { witnessHead } from './witness.js';

/** The DAGs that every trial runs: what is lost, done twice or left undone shows in them. */
export function writeLoadDags(folder: string, witnessPath: string): void {
  writeDag(folder, 'load.ts', witnessPath, loadDags());
  const now = new Date(Math.floor(Date.now() / 1000) * 1000).toISOString();
  writeDag(folder, 'tick.ts', witnessPath, tickDag(`{ every: 1 }, startDate: '${now}', catchup: true`));
}

/** Takes the schedule away: paused, its queued runs would wait for ever. */
export function endTicks(folder: string, witnessPath: string): void {
  writeDag(folder, 'tick.ts', witnessPath, tickDag('null'));
}

/** Adds a DAG file of its own for a fault. `text` is what follows `witnessHead`. */
export function writeDag(folder: string, name: string, witnessPath: string, text: string): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, name), witnessHead(witnessPath) + text);
}

/** A child that is killed costs a try: there are enough of them. */
const retries = '{ retries: 30, retryDelay: 0.02 }';

function loadDags(): string {
  return `
const dag = new Dag('work', { maxActiveRuns: 32 });
const first = dag.task('first', work, ${retries})({ ms: 20 });
const many = dag.task('many', work, ${retries}).expand({ ms: [10, 30, 50] });
const last = dag.task('last', work, ${retries})({ ms: 20 });
const handOver = dag.triggerDagRun({ taskId: 'hand_over', dagId: 'child' }, ${retries});
first.before(many);
many.before(last);
first.before(handOver);

const child = new Dag('child', { maxActiveRuns: 32 });
child.task('first', work, ${retries})({ ms: 10 });

const mail = new Dag('mail', { email: 'team@example.org' });
mail.task('fails', async () => { watch()('start'); throw new Error('as it must'); }, { retries: 0 })();

const slow = new Dag('slow', {});
slow.task('slow', work, { retries: 0 })({ ms: 2_000 });

export { dag, child, mail, slow };
`;
}

function tickDag(schedule: string): string {
  return `
const tick = new Dag('tick', { schedule: ${schedule}, maxActiveRuns: 8 });
tick.task('beat', work, ${retries})({ ms: 10 });
export default tick;
`;
}
