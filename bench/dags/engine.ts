import { Dag, type Ref } from 'millrace';

/** The DAGs of the benchmark `engine`: tasks that do next to nothing, in the shapes that cost a scheduler most. */
const unlimited = { maxActiveTasks: 100_000, maxActiveRuns: 10_000 };

const nothing = async () => undefined;

function fibonacci(n: number): number {
  return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2);
}

/** Milliseconds of the machine's own clock, which all its processes share. */
function now(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

function chain(dagId: string, length: number, work: () => Promise<unknown>): Dag {
  const dag = new Dag(dagId, unlimited);
  let last: Ref<unknown> | undefined;
  for (let at = 0; at < length; at++) {
    const task = dag.task(`t${at}`, work)();
    if (last) task.after(last);
    last = task;
  }
  return dag;
}

export const three = chain('three', 3, nothing);

/** Does what it is there for, and returns nothing: a return value would be one more row. */
export const chain40 = chain('chain40', 40, async () => void fibonacci(10));

export const computing = chain('computing', 10, async () => void fibonacci(33));

/** Each task returns when its code began and when it ended: between two of them lies the engine. */
export const stamps = chain('stamps', 40, async () => {
  const began = now();
  return [began, now()];
});

export const fan = new Dag('fan', unlimited);
const first = fan.task('first', nothing)();
for (let at = 0; at < 1_000; at++) fan.task(`t${at}`, nothing)().after(first);

/** 20 layers of 500: each task waits for the one above it and for the first of the layer above. */
export const layers = new Dag('layers', unlimited);
let above: Ref<unknown>[] = [];
for (let layer = 0; layer < 20; layer++) {
  above = Array.from({ length: 500 }, (_, column) => {
    const task = layers.task(`l${layer}_c${column}`, nothing)();
    const [corner] = above;
    if (corner) task.after(above[column] as Ref<unknown>);
    if (corner && column > 0) task.after(corner);
    return task;
  });
}
