import { spawn } from 'node:child_process';
import { startLoad } from '../load.js';
import { type SchedulerRig, slowness } from '../scheduler-rig.js';
import { pause, until } from '../system.js';
import { witnessNow } from '../witness.js';
import type { Fault } from './fault.js';

const stopMsMax = 30_000;
/** What may still begin after SIGTERM was sent: the server has to get it first. */
const signalMsMax = 500;

/** Ends and pauses that are no crash: SIGTERM with and without patience, SIGSTOP, a crowded machine, a second server. */
export const stops: Fault[] = [
  {
    code: 'F4',
    name: 'SIGTERM under load, with time to drain',
    weight: 1,
    chains: true,
    async play(rig, random) {
      const from = witnessNow();
      const load = startLoad(rig.client, random);
      await pause(random.int(100, 700));
      const code = await stopInOrder(rig);
      await load.stop();
      const torn = unfinishedAttempts(rig, from);
      if (code !== 0) rig.fault('other', 'a drained stop ends with 0', `it ended with ${code}`);
      if (torn.length > 0) rig.fault('other', 'a drain lets attempts finish', `${torn.join(', ')} did not`);
      await rig.afterCrash();
      await rig.restart();
    },
  },
  {
    code: 'F4',
    name: 'SIGTERM, and too little time to drain',
    weight: 1,
    env: { MILLRACE_DRAIN_SECONDS: '0.3' },
    async play(rig) {
      const slow = await startSlow(rig);
      const code = await stopInOrder(rig);
      if (code !== 0) rig.fault('other', 'a stop with work under way ends with 0', `it ended with ${code}`);
      await rig.afterCrash();
      await rig.restart();
      await notCharged(rig, slow);
    },
  },
  {
    code: 'F4',
    name: 'SIGTERM twice',
    weight: 1,
    chains: true,
    async play(rig) {
      const slow = await startSlow(rig);
      rig.system.signal('SIGTERM');
      await pause(500);
      const startedAt = performance.now();
      rig.system.signal('SIGTERM');
      const code = await rig.system.ended(stopMsMax);
      const ms = Math.round(performance.now() - startedAt);
      if (code !== 0) rig.fault('other', 'a hurried stop ends with 0', `it ended with ${code}`);
      rig.holds('a second SIGTERM ends the waiting', `after ${ms} ms`);
      await rig.afterCrash();
      await rig.restart();
      await notCharged(rig, slow);
    },
  },
  {
    code: 'F4',
    name: 'SIGTERM, then SIGKILL in the middle of the drain',
    weight: 1,
    chains: true,
    async play(rig, random) {
      const load = startLoad(rig.client, random);
      await pause(random.int(100, 700));
      rig.system.signal('SIGTERM');
      await pause(random.int(0, 400));
      await rig.system.killServer();
      await load.stop();
      await rig.afterCrash();
      await rig.restart();
    },
  },
  {
    code: 'F5',
    name: 'a paused task process wakes after its server has died',
    needs: 'linux',
    weight: 1,
    chains: true,
    async play(rig, random) {
      const load = startLoad(rig.client, random);
      await pause(random.int(100, 500));
      const children = rig.system.taskChildren();
      for (const pid of children) signal(pid, 'SIGSTOP');
      await rig.system.killServer();
      await load.stop();
      // They cannot feel that their server is gone; the next one must end them before it starts their work again.
      await rig.afterCrash({ mayLeave: children });
      await rig.restart();
      for (const pid of children) signal(pid, 'SIGCONT');
    },
  },
  {
    code: 'F5',
    name: 'a task process is paused and wakes late',
    needs: 'linux',
    weight: 1,
    chains: true,
    async play(rig, random) {
      const load = startLoad(rig.client, random);
      for (let round = 0; round < 2; round++) {
        await pause(random.int(50, 300));
        const children = rig.system.taskChildren();
        for (const pid of children) signal(pid, 'SIGSTOP');
        await pause(random.int(200, 1_500));
        for (const pid of children) signal(pid, 'SIGCONT');
      }
      await load.stop();
    },
  },
  {
    code: 'F5',
    name: 'the server itself is paused and wakes late',
    needs: 'linux',
    weight: 1,
    chains: true,
    async play(rig, random) {
      const load = startLoad(rig.client, random);
      await pause(random.int(50, 300));
      rig.system.signal('SIGSTOP');
      await pause(random.int(500, 2_500));
      rig.system.signal('SIGCONT');
      await pause(300);
      await load.stop();
    },
  },
  {
    code: 'F15',
    name: 'the same request fifty times at once, and a second server on the folder',
    weight: 1,
    chains: true,
    async play(rig) {
      const runId = `same${++serial}`;
      const answers = await Promise.all(Array.from({ length: 50 }, () => rig.client.trigger('work', runId)));
      const made = answers.filter(({ status }) => status === 200).length;
      const refused = answers.filter(({ status }) => status === 409).length;
      if (made !== 1 || refused !== 49)
        rig.fault('twice', 'one of fifty equal requests makes a run', `${made} made, ${refused} refused`);
      const second = rig.system.another();
      second.launch();
      const code = await second.ended(stopMsMax);
      if (code !== 1 || !second.said.includes('HOME_LOCKED'))
        rig.fault('twice', 'a second server does not start', `it ended with ${code}: ${second.said.slice(-500)}`);
    },
  },
  {
    code: 'F18',
    name: 'a crowded machine',
    weight: 1,
    chains: true,
    async play(rig, random) {
      const before = new Set(rig.client.ledger.runs.keys());
      const crowd = Array.from({ length: 8 }, () => spawn(process.execPath, ['-e', 'for (;;);'], { stdio: 'ignore' }));
      try {
        for (let round = 0; round < 3; round++) {
          const load = startLoad(rig.client, random);
          await pause(1_000);
          await load.stop();
        }
        await until('the work is done', async () => (await rig.client.unfinished()) <= 2, 60_000 * slowness());
      } finally {
        for (const one of crowd) one.kill('SIGKILL');
      }
      const again = rig
        .witness()
        .filter(
          ({ dag, run, try: number }) =>
            dag === 'work' && number > 1 && !before.has(run) && !rig.client.ledger.clears.has(run),
        );
      const tries = new Set(again.map(({ attempt }) => attempt)).size;
      if (tries > 0) rig.fault('twice', 'slow work is not taken for dead', `${tries} attempts were begun again`);
    },
  },
  {
    code: 'F20',
    name: 'a crash loop: 25 kills, one a second or so',
    weight: 1,
    chains: true,
    async play(rig, random) {
      for (let kill = 0; kill < 25; kill++) {
        const load = startLoad(rig.client, random);
        await pause(random.int(0, 400));
        await rig.system.killServer();
        await load.stop();
        await rig.afterCrash();
        rig.system.launch();
        const isReady = random.chance(0.6) && (await rig.system.becomesReady());
        if (!isReady) await pause(random.int(0, 600));
      }
      await rig.system.killServer();
      await rig.afterCrash();
      await rig.restart();
    },
  },
];

let serial = 0;

/** Resolves with its run, when the task that takes two seconds has begun. */
async function startSlow(rig: SchedulerRig): Promise<string> {
  const runId = `slow${++serial}`;
  await rig.client.trigger('slow', runId);
  await until('the slow task runs', async () => rig.witness().some(({ run }) => run === runId), stopMsMax);
  return runId;
}

async function stopInOrder(rig: SchedulerRig): Promise<number | string> {
  const at = witnessNow();
  rig.system.signal('SIGTERM');
  const code = await rig.system.ended(stopMsMax);
  const late = rig.witness().filter((line) => line.what === 'start' && line.at > at + signalMsMax * 1_000 * slowness());
  if (late.length > 0) rig.fault('other', 'nothing begins after SIGTERM', `${late.length} attempts did`);
  return code;
}

function unfinishedAttempts(rig: SchedulerRig, from: number): string[] {
  const lines = rig.witness().filter(({ dag, at }) => dag !== 'mail' && at > from);
  const ended = new Set(lines.filter(({ what }) => what === 'end').map(({ attempt }) => attempt));
  return [...new Set(lines.filter(({ attempt }) => !ended.has(attempt)).map(({ run, task }) => `${run} ${task}`))];
}

/** A stop is nobody's fault: the task goes on in the same try. */
async function notCharged(rig: SchedulerRig, runId: string): Promise<void> {
  const state = await rig.client.finishes('slow', runId, 60_000);
  const [task] = await rig.client.taskInstances('slow', runId);
  if (state !== 'success' || task?.try_number !== 1)
    rig.fault('other', 'an orderly stop charges no try', `${state} in try ${task?.try_number}`);
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code !== 'ESRCH') throw thrown;
  }
}
