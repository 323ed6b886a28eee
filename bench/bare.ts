import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';

/** What the machine itself takes, without anything of ours: the baselines of the engine's benchmarks. */

/** Milliseconds of as many commits of one row each, on disk when they return: no durable scheduler does with fewer. */
export function bareCommits(count: number): number {
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

export interface BareChildren {
  /** Milliseconds for `count` messages there and back, one after another, by one child. */
  messagesMs(message: object, count: number): Promise<number>;
  /** The same, each child always with one message under way. */
  messagesSideBySideMs(message: object, count: number): Promise<number>;
  /** Milliseconds for computing fibonacci(33) as often, in one child. */
  fibonacciMs(times: number): Promise<number>;
  close(): void;
}

/** Children that answer each message with itself: what processes and their channel alone cost. */
export async function openBareChildren(count: number): Promise<BareChildren> {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-bench-bare-'));
  const path = join(folder, 'echo.mjs');
  writeFileSync(
    path,
    `function fibonacci(n) {
      return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2);
    }
    process.on('message', (message) => process.send(message.fib ? Array.from({ length: message.fib }, () => fibonacci(33)) : message));`,
  );
  const children = Array.from({ length: count }, () => fork(path));
  const ask = async (at: number, message: object) => {
    const child = children[at] as (typeof children)[number];
    child.send(message);
    await once(child, 'message');
  };
  await Promise.all(children.map((_, at) => ask(at, {})));
  return {
    messagesMs: (message, times) =>
      timed(async () => {
        for (let at = 0; at < times; at++) await ask(0, message);
      }),
    messagesSideBySideMs: (message, times) =>
      timed(async () => {
        let left = times;
        await Promise.all(
          children.map(async (_, at) => {
            while (left-- > 0) await ask(at, message);
          }),
        );
      }),
    fibonacciMs: (times) => timed(() => ask(0, { fib: times })),
    close() {
      for (const child of children) child.kill();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

export async function timed(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await work();
  return performance.now() - began;
}
