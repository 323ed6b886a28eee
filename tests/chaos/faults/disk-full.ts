import { execFileSync } from 'node:child_process';
import { closeSync, mkdirSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { NoAnswer } from '../client.js';
import type { SchedulerRig } from '../scheduler-rig.js';
import { pause, until } from '../system.js';
import type { Fault } from './fault.js';

const answerMsMax = 10_000;
const resumeMsMax = 20_000;

/** A data folder on a small disk of its own, which something else fills while the server works. */
export const diskFull: Fault[] = [
  {
    code: 'F7',
    name: 'the disk is full, and then it is not',
    needs: 'root',
    weight: 1,
    startsItself: true,
    async play(rig, random) {
      const disk = rig.system.home;
      mkdirSync(disk, { recursive: true });
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=16m', 'tmpfs', disk]);
      rig.atClose(() => execFileSync('umount', ['--lazy', disk]));
      await rig.open();
      for (let run = 1; run <= 3; run++) await rig.client.trigger('work', `before${run}`);
      await pause(random.int(0, 300));

      rig.logsMayLack = true;
      const filler = join(disk, 'logs', 'filler');
      fill(filler);
      const refused = await refusal(rig);
      if (rig.system.isOver) rig.fault('other', 'a full disk does not end the server', rig.system.said.slice(-2_000));
      else if (!refused) rig.fault('other', 'on a full disk writes are refused', 'they were not');
      else rig.holds('on a full disk writes are refused', refused);
      if (!rig.system.isOver) {
        const { status } = await rig.client.ask('GET', '/dags/~/dagRuns?limit=1');
        if (status !== 200)
          rig.fault('other', 'on a full disk one can look', `the list of runs was answered ${status}`);
      }
      await pause(random.int(0, 2_000));
      rmSync(filler, { force: true });

      if (rig.system.isOver) await rig.restart();
      await until('the server is well again by itself', async () => (await rig.client.health()) === 200, resumeMsMax);
      await rig.client.repeatUnanswered();
    },
  },
];

/** Writes until nothing fits any more, to the byte. */
function fill(path: string): void {
  const descriptor = openSync(path, 'w');
  for (let size = 1 << 20; size >= 1; size >>= 1) {
    try {
      while (writeSync(descriptor, Buffer.alloc(size)) === size);
    } catch (thrown) {
      if ((thrown as NodeJS.ErrnoException).code !== 'ENOSPC') throw thrown;
    }
  }
  closeSync(descriptor);
}

/** Asks for runs until one is refused. Resolves with what the server says; undefined when it says nothing of use in time. */
async function refusal(rig: SchedulerRig): Promise<string | undefined> {
  const startedAt = performance.now();
  for (let run = 1; performance.now() - startedAt < answerMsMax && !rig.system.isOver; run++) {
    try {
      const within = AbortSignal.timeout(2_000);
      const { status, body } = await rig.client.trigger('work', `full${run}`, {}, within);
      if (status === 503) return `${status} ${JSON.stringify(body)}`;
    } catch (thrown) {
      if (!(thrown instanceof NoAnswer)) throw thrown;
    }
    await pause(50);
  }
  return undefined;
}
