import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { type Bench, type BenchRow, measureAgainst, median } from './bench.js';
import { benchDag, openRig, type Rig } from './engine-rig.js';

/**
 * The scheduler and its durable store, without processes: attempts take no time. What the same work costs with
 * processes is the benchmark `executor`'s and the whole server's.
 */
export const bench: Bench = async (say) => {
  const rows: BenchRow[] = [];
  const rig = await openRig(4);
  try {
    await rig.declare(
      chain('three', 3),
      chain('chain40', 40),
      benchDag('fan', 1_001, (at) => (at === 0 ? [] : [0])),
      benchDag('layers', 10_000, (at) => (at < 500 ? [] : [at - 500, (Math.floor(at / 500) - 1) * 500])),
    );
    rows.push(
      await timed(rig, 'three', { name: '3 tasks in a row, trigger to end', goal: 6, commits: 5, runs: 21 }, say),
    );
    rows.push(await timed(rig, 'chain40', { name: 'chain of 40 tasks', goal: 120, commits: 42, runs: 9 }, say));
    rows.push(await gap(rig, say));
    rows.push(await fanOut(rig, say));
    rows.push(
      await timed(rig, 'layers', { name: '10,000 tasks in 20 layers', goal: 6_000, commits: 2_500, runs: 3 }, say),
    );
  } finally {
    await rig.close();
  }
  rows.push(...(await costByAlive(say)));
  return rows;
};

function chain(dagId: string, length: number) {
  return benchDag(dagId, length, (at) => (at === 0 ? [] : [at - 1]));
}

interface TimedWish {
  name: string;
  goal: number;
  /** As many commits of one row are the baseline: no durable scheduler does with fewer. */
  commits: number;
  runs: number;
}

function timed(rig: Rig, dagId: string, { name, goal, commits, runs }: TimedWish, say: (line: string) => void) {
  return measureAgainst(
    {
      name,
      unit: 'ms',
      goal,
      better: 'lower',
      measure: () => rig.run(dagId),
      baseline: { name: `${commits} bare commits`, measure: () => bareCommits(commits) },
      runs,
    },
    say,
  );
}

/** The median time from the end of a task to the hand-out of its successor. */
function gap(rig: Rig, say: (line: string) => void): Promise<BenchRow> {
  const measure = async () => {
    rig.executor.gapsMs.length = 0;
    await rig.run('chain40');
    return median(rig.executor.gapsMs);
  };
  const baseline = { name: 'one bare commit', measure: async () => (await bareCommits(100)) / 100 };
  return measureAgainst(
    { name: 'gap from a task to the next, median', unit: 'ms', goal: 1.5, better: 'lower', measure, baseline },
    say,
  );
}

function fanOut(rig: Rig, say: (line: string) => void): Promise<BenchRow> {
  const perSecond = (ms: number) => 1_000 / (ms / 1_000);
  const measure = async () => perSecond(await rig.run('fan'));
  const baseline = { name: 'bare commits of one row', measure: async () => perSecond(await bareCommits(1_000)) };
  return measureAgainst(
    { name: 'fan-out of 1,000', unit: 'tasks/s', goal: 2_500, better: 'higher', measure, baseline },
    say,
  );
}

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
        return (used.user + used.system) / 1_000;
      };
      const name = `CPU per finished task, ${alive.toLocaleString('en-US')} others alive`;
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
  await rig.declare(
    benchDag('fan', 1_001, (at) => (at === 0 ? [] : [0])),
    waiting,
  );
  rig.executor.held.add('waiting');
  for (let run = 0; run < alive / perRun; run++) await rig.trigger('waiting');
}

async function bareCommits(count: number): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-bench-bare-'));
  const database = new Database(join(folder, 'bare.db'));
  try {
    database.pragma('journal_mode = wal');
    database.pragma('synchronous = full');
    database.exec('create table t (id integer primary key, x integer)');
    const insert = database.prepare('insert into t (x) values (?)');
    const began = performance.now();
    for (let at = 0; at < count; at++) insert.run(at);
    return performance.now() - began;
  } finally {
    database.close();
    rmSync(folder, { recursive: true, force: true });
  }
}
