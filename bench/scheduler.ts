import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { type Bench, type BenchRow, measureAgainst } from './bench.js';
import { benchDag, openRig, type Rig } from './scheduler-rig.js';

/**
 * What the decisions and the store cost, with attempts that take no time: processes would only blur it. What the whole
 * takes is the benchmark `engine`'s.
 */
export const bench: Bench = async (say) => [...(await costByAlive(say)), await heapGrowth(say)];

/** What a finished task costs while few and while very many others are alive: it must not grow with them. */
async function costByAlive(say: (line: string) => void): Promise<BenchRow[]> {
  const rows: BenchRow[] = [];
  let first: number | undefined;
  for (const alive of [10, 1_000, 100_000]) {
    // Each run that waits holds one worker: four are left for the measured one.
    const rig = await openRig(4 + Math.ceil(alive / 1_000));
    try {
      await fillWith(rig, alive);
      const measure = async () => {
        const before = process.cpuUsage();
        await rig.run('fan');
        const used = process.cpuUsage(before);
        return (used.user + used.system) / 1_001;
      };
      const name = `processor time of a finished task, ${alive.toLocaleString('en-US')} others alive`;
      const row = await measureAgainst({ name, unit: 'µs', goal: null, better: 'lower', measure }, say);
      first ??= row.value;
      rows.push({ ...row, baseline: { name: '10 alive', value: first }, ratio: row.value / first });
    } finally {
      await rig.close();
    }
  }
  return rows;
}

/** Runs whose tasks all wait for one that is held: alive, and with nothing to do. */
async function fillWith(rig: Rig, alive: number): Promise<void> {
  const perRun = Math.min(alive, 1_000);
  const waiting = benchDag('waiting', perRun, (at) => (at === 0 ? [] : [0]));
  await rig.declare(fan, waiting);
  rig.executor.held.add('waiting');
  for (let run = 0; run < alive / perRun; run++) await rig.trigger('waiting');
}

const fan = benchDag('fan', 1_001, (at) => (at === 0 ? [] : [0]));

/** A scheduler that works for long holds no more than one that began: its heap after 10,000 finished tasks and after 100,000. */
async function heapGrowth(say: (line: string) => void): Promise<BenchRow> {
  const rig = await openRig(4);
  try {
    await rig.declare(fan);
    const heapAfter = async (runs: number) => {
      for (let run = 0; run < runs; run++) await rig.run('fan');
      return heapMb();
    };
    const before = await heapAfter(10);
    const value = await heapAfter(90);
    say(`heap after 10,000 finished tasks ${before.toFixed(1)} MiB, after 100,000 ${value.toFixed(1)} MiB`);
    return {
      name: 'heap after 100,000 finished tasks',
      unit: 'MiB',
      value,
      min: value,
      max: value,
      goal: before * 1.05,
      better: 'lower',
      baseline: { name: 'after 10,000', value: before },
      ratio: value / before,
    };
  } finally {
    await rig.close();
  }
}

/** What is reachable, MiB: garbage is collected first. */
function heapMb(): number {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  collect();
  return process.memoryUsage().heapUsed / 1_048_576;
}
