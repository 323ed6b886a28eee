import { expect, it } from 'vitest';
import { type Running, recoveredMs, restartDelayMsMax, restartDelayMsMin, Supervisor } from '../../cli/supervisor.js';
import { silentLog } from '../../kernel/log.js';
import { ManualClock } from '../../kernel/time.js';

/** A part that ends when the test says so. */
function makePart(journal: string[] = []) {
  let pid = 100;
  let end: (reason: string) => void = () => {};
  let failNext: string | undefined;
  return {
    start: async (): Promise<Running> => {
      if (failNext) throw new Error(failNext);
      pid += 1;
      const own = pid;
      journal.push(`start ${own}`);
      const ended = new Promise<string>((resolve) => {
        end = resolve;
      });
      return {
        pid: own,
        ended,
        stop: async () => {
          journal.push(`stop ${own}`);
        },
      };
    },
    end: (reason: string) => end(reason),
    failNext: (message: string | undefined) => {
      failNext = message;
    },
  };
}

/** Lets every promise that can settle do so. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
}

function make() {
  const clock = new ManualClock(1_000);
  return { clock, supervisor: new Supervisor({ clock, log: silentLog }) };
}

it('starts a part again after it ended by itself, and says why it ended', async () => {
  const { clock, supervisor } = make();
  const part = makePart();
  await supervisor.add('cdc', part.start);
  expect(supervisor.statuses()).toMatchObject([{ name: 'cdc', state: 'running', pid: 101, restarts: 0 }]);

  part.end('signal SIGKILL');
  await settle();
  expect(supervisor.statuses()).toMatchObject([
    { state: 'restarting', pid: null, lastEnd: 'signal SIGKILL', restartAt: 1_000 + restartDelayMsMin },
  ]);
  clock.advanceBy(restartDelayMsMin);
  await settle();
  expect(supervisor.statuses()).toMatchObject([{ state: 'running', pid: 102, restarts: 1, restartAt: null }]);
});

it('waits twice as long after each failure, up to a limit, and the shortest again after a good while', async () => {
  const { clock, supervisor } = make();
  const part = makePart();
  await supervisor.add('cdc', part.start);
  const delays: number[] = [];
  for (let failure = 0; failure < 9; failure++) {
    part.end('exit code 1');
    await settle();
    delays.push((supervisor.statuses()[0]?.restartAt ?? 0) - clock.now());
    clock.advanceBy(restartDelayMsMax);
    await settle();
  }
  expect(delays).toEqual([500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000]);

  clock.advanceBy(recoveredMs);
  part.end('exit code 1');
  await settle();
  expect((supervisor.statuses()[0]?.restartAt ?? 0) - clock.now()).toBe(restartDelayMsMin);
});

it('goes on trying when a start itself fails', async () => {
  const { clock, supervisor } = make();
  const part = makePart();
  await supervisor.add('postgres', part.start);
  part.failNext('port in use');
  part.end('signal SIGKILL');
  await settle();
  clock.advanceBy(500);
  await settle();
  expect(supervisor.statuses()).toMatchObject([{ state: 'restarting', lastEnd: 'port in use' }]);
  part.failNext(undefined);
  clock.advanceBy(1_000);
  await settle();
  expect(supervisor.statuses()).toMatchObject([{ state: 'running', restarts: 2 }]);
});

it('rejects when the first start fails, and forgets the part', async () => {
  const { supervisor } = make();
  const part = makePart();
  part.failNext('no such program');
  await expect(supervisor.add('generator', part.start)).rejects.toThrow('no such program');
  expect(supervisor.statuses()).toEqual([]);
});

it('stops the parts in the reverse order of their start', async () => {
  const { supervisor } = make();
  const journal: string[] = [];
  for (const name of ['postgres', 'cdc']) {
    await supervisor.add(name, async () => ({
      pid: 1,
      ended: new Promise<string>(() => {}),
      stop: async () => {
        journal.push(name);
      },
    }));
  }
  await supervisor.stopAll();
  expect(journal).toEqual(['cdc', 'postgres']);
  expect(supervisor.statuses().map(({ state }) => state)).toEqual(['stopped', 'stopped']);
});

it('does not bring back a part that was stopped while it waited for its restart', async () => {
  const { clock, supervisor } = make();
  const journal: string[] = [];
  const part = makePart(journal);
  await supervisor.add('cdc', part.start);
  part.end('exit code 0');
  await settle();
  await supervisor.stopAll();
  clock.advanceBy(restartDelayMsMax);
  await settle();
  expect(journal).toEqual(['start 101']);
});
