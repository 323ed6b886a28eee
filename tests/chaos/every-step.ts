import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { groupBy } from './finding.js';
import { durableCalls, type Injection, straceCommand } from './strace.js';

/** One life of the store, with one thing that goes wrong at one step. */
interface Point {
  injection: Injection;
  /** false: its life was over before it came so far. */
  isReached: boolean;
  faults: string[];
}

const rowsPerBatch = 3;
/** More steps than any life of the store has. */
const stepsMax = 2_000;

/**
 * Kills the store at every single step of what makes its data durable, from the making of the database to its close, and
 * fails every write and every sync once. Prints a line for each kind of step; returns how many points went wrong.
 */
export async function everyStep(writer: string, jobs: number): Promise<number> {
  const kinds: Omit<Injection, 'from'>[] = [
    ...durableCalls.map((call) => ({ call, what: 'kill' as const })),
    { call: 'fsync', what: 'EIO' },
    { call: 'pwrite64', what: 'EIO' },
    { call: 'pwrite64', what: 'ENOSPC' },
    { call: 'ftruncate', what: 'EIO' },
  ];
  let broken = 0;
  for (const kind of kinds) {
    const points = await pointsOf(writer, kind, jobs);
    const wrong = points.filter(({ faults }) => faults.length > 0);
    broken += wrong.length;
    console.log(`${kind.what} at ${kind.call}: ${points.length} points, ${wrong.length} wrong`);
    for (const { injection, faults } of wrong) console.log(`  at the ${injection.from}th: ${faults.join('; ')}`);
  }
  return broken;
}

/** From the first step on, until a life is over before it comes so far. */
async function pointsOf(writer: string, kind: Omit<Injection, 'from'>, jobs: number): Promise<Point[]> {
  const points: Point[] = [];
  let next = 1;
  let isOver = false;
  const worker = async () => {
    while (!isOver && next <= stepsMax) {
      const point = await live(writer, { ...kind, from: next++ });
      if (point.isReached) points.push(point);
      else isOver = true;
    }
  };
  await Promise.all(Array.from({ length: jobs }, worker));
  return points;
}

async function live(writer: string, injection: Injection): Promise<Point> {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-step-'));
  try {
    const path = join(folder, 'store.db');
    const [command, ...args] = [...straceCommand(folder, injection), process.execPath, writer, path];
    const child = spawn(command as string, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    let [said, cried] = ['', ''];
    child.stdout.on('data', (chunk) => (said += String(chunk)));
    child.stderr.on('data', (chunk) => (cried += String(chunk)));
    const end = await new Promise<number | string>((resolve) =>
      child.once('close', (code, signal) => resolve(signal ?? code ?? 0)),
    );
    const isReached =
      injection.what === 'kill' ? end === 'SIGKILL' : /INJECTED/.test(readFileSync(join(folder, 'strace.log'), 'utf8'));
    const faults = judge(path, said);
    if (injection.what === 'kill' && end !== 'SIGKILL' && end !== 0)
      faults.push(`it ended with ${end}: ${cried.slice(-300)}`);
    if (injection.what === 'ENOSPC' && end === 'SIGKILL') faults.push('a full disk ended it');
    return { injection, isReached, faults };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** What was acknowledged is there; each batch is there as a whole or not at all; the file is sound. */
function judge(path: string, said: string): string[] {
  const acknowledged = said.split('\n').filter(Boolean);
  if (!existsSync(path)) return acknowledged.length > 0 ? ['the database is gone'] : [];
  const store = new Database(path);
  try {
    const integrity = store.pragma('integrity_check', { simple: true }) as string;
    const hasTable = store.prepare(`select count(*) from sqlite_master where name = 'setting'`).pluck().get() === 1;
    const keys = hasTable ? (store.prepare('select key from setting').pluck().all() as string[]) : [];
    const batches = groupBy(keys, (key) => key.split('.')[0] as string);
    return [
      ...(integrity === 'ok' ? [] : [integrity]),
      ...acknowledged
        .filter((batch) => !batches.has(batch))
        .map((batch) => `batch ${batch} was acknowledged and is gone`),
      ...[...batches].filter(([, rows]) => rows.length !== rowsPerBatch).map(([batch]) => `batch ${batch} is torn`),
    ];
  } finally {
    store.close();
  }
}
