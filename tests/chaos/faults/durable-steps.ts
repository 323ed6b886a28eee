import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Random } from '../../support/random.js';
import { startLoad } from '../load.js';
import type { SchedulerRig } from '../scheduler-rig.js';
import { type DurableCall, durableCalls, type Injection, straceCommand } from '../strace.js';
import { pause, until } from '../system.js';
import type { Fault } from './fault.js';

/** How many of each call there are at least in a first start, a short load and a stop. */
const steps: Record<DurableCall, number> = { fsync: 45, pwrite64: 400, ftruncate: 2, rename: 2, unlink: 5 };
const startMsMax = 60_000;
const workMsMax = 2_500;
const stopMsMax = 30_000;
/** A server that has seen its disk fail ends within this time. */
const endMsMax = 3_000;

/** Death, or an error of the disk, at one exact step of what makes data durable, drawn at random. */
export const durableSteps: Fault[] = [
  ...durableCalls.map(
    (call): Fault => ({
      code: 'F2',
      name: `kill -9 at the k-th ${call}`,
      needs: 'strace',
      weight: call === 'fsync' || call === 'pwrite64' ? 3 : 1,
      startsItself: true,
      async play(rig, random) {
        await killAtStep(rig, random, call, random.int(1, steps[call]));
      },
    }),
  ),
  {
    code: 'F7',
    name: 'writes of the database fail for a while with ENOSPC',
    needs: 'strace',
    weight: 1,
    startsItself: true,
    async play(rig, random) {
      await prepare(rig, random);
      const from = random.int(1, steps.pwrite64);
      await liveUnder(rig, random, { call: 'pwrite64', what: 'ENOSPC', from, times: random.int(1, 40) });
      if (!injectedAt(rig.folder)) rig.misses += 1;
      // A server that starts then says so in a line, and ends.
      if (rig.system.isOver && !/^millrace: .*\[(STORE|HOME)_UNWRITABLE\]$/m.test(rig.system.said))
        rig.fault('other', 'a full disk does not end the server', `ENOSPC at pwrite64 ${from}: ${rig.system.said}`);
      await rig.system.killServer();
      await rig.afterCrash({ isTraced: true });
      await rig.restart();
    },
  },
  {
    code: 'F8',
    name: 'the k-th fsync fails with EIO',
    needs: 'strace',
    weight: 2,
    startsItself: true,
    async play(rig, random) {
      await prepare(rig, random);
      await liveUnder(rig, random, { call: 'fsync', what: 'EIO', from: random.int(1, steps.fsync) });
      // What is not on the disk may be gone from memory too: a second fsync of the log would lie. When a checkpoint into
      // the database itself fails, the log still has everything.
      const failed = injectedAt(rig.folder);
      if (!failed) rig.misses += 1;
      if (failed) await until('the server ends', async () => rig.system.isOver, endMsMax).catch(() => 0);
      if (failed?.includes('millrace.db-wal') && !rig.system.isOver)
        rig.fault('lost', 'a failed fsync ends the server', `it goes on after ${failed}`);
      await rig.system.killServer();
      await rig.afterCrash({ isTraced: true });
      await rig.restart();
    },
  },
];

/** A whole life of a server, up to the k-th call: start, work, stop. */
async function killAtStep(rig: SchedulerRig, random: Random, call: DurableCall, from: number): Promise<void> {
  // Files are renamed when a DAG is imported that is not known yet.
  if (call !== 'rename') await prepare(rig, random);
  await liveUnder(rig, random, { call, what: 'kill', from });
  if (!rig.system.isOver) rig.system.signal('SIGTERM');
  const ended = await rig.system.ended(stopMsMax);
  if (ended !== 'SIGKILL' && !killedIn(rig.folder, call)) rig.misses += 1;
  await rig.afterCrash({ isTraced: true });
  await rig.restart();
}

/** Half of the lives are the first of their folder, with the making of its database. */
async function prepare(rig: SchedulerRig, random: Random): Promise<void> {
  if (random.chance(0.5)) return;
  await rig.open();
  await rig.system.killServer();
  await rig.afterCrash();
}

async function liveUnder(rig: SchedulerRig, random: Random, injection: Injection): Promise<void> {
  const { system } = rig;
  system.launch({}, straceCommand(rig.folder, injection));
  if (!(await system.becomesReady(startMsMax))) return;
  const load = startLoad(rig.client, random);
  const startedAt = performance.now();
  while (!system.isOver && injectedAt(rig.folder) === undefined) {
    if (performance.now() - startedAt > workMsMax) break;
    await pause(50);
  }
  await load.stop();
}

/** The call that got the error; undefined when none did. */
function injectedAt(folder: string): string | undefined {
  const path = join(folder, 'strace.log');
  return existsSync(path) ? /^.*\(INJECTED\).*$/m.exec(readFileSync(path, 'utf8'))?.[0] : undefined;
}

/** Whether a process of the server, such as the one that imports DAGs, has died in the call. */
function killedIn(folder: string, call: DurableCall): boolean {
  const log = readFileSync(join(folder, 'strace.log'), 'utf8');
  const died = new Set([...log.matchAll(/^(\d+) +\+\+\+ killed by SIGKILL/gm)].map((match) => match[1]));
  const last = new Map(
    [...log.matchAll(/^(\d+) +(\w+)\(.*<unfinished \.\.\.>$/gm)].map((match) => [match[1], match[2]]),
  );
  return [...died].some((pid) => last.get(pid) === call);
}
