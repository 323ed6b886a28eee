import { startLoad } from '../load.js';
import type { SchedulerRig } from '../scheduler-rig.js';
import { isAlive, pause, until } from '../system.js';
import type { Fault } from './fault.js';

const workMs = { least: 0, most: 700 };
/** A server is ready after some 700 ms on an idle machine. */
const startMs = { least: 20, most: 1_000 };
const goneMsMax = 5_000;

/** kill -9 at a random moment under load: the server, the processes of its tasks, both at once, the server as it starts. */
export const kills: Fault[] = [
  {
    code: 'F1',
    name: 'kill -9 of the server',
    weight: 16,
    chains: true,
    async play(rig, random) {
      const load = startLoad(rig.client, random);
      await pause(random.int(workMs.least, workMs.most));
      await rig.system.killServer();
      await load.stop();
      await rig.afterCrash();
      await rig.restart();
    },
  },
  {
    code: 'F1',
    name: 'kill -9 of server and tasks at once',
    weight: 8,
    chains: true,
    async play(rig, random) {
      const load = startLoad(rig.client, random);
      await pause(random.int(workMs.least, workMs.most));
      const children = rig.system.taskChildren();
      const killed = rig.system.killServer();
      killAll(children);
      await killed;
      await load.stop();
      await rig.afterCrash();
      await rig.restart();
    },
  },
  {
    code: 'F1',
    name: 'kill -9 of the server while it starts',
    weight: 8,
    chains: true,
    async play(rig, random) {
      const load = startLoad(rig.client, random);
      await pause(random.int(workMs.least, workMs.most));
      await rig.system.killServer();
      await load.stop();
      await rig.afterCrash();
      rig.system.launch();
      await pause(random.int(startMs.least, startMs.most));
      await rig.system.killServer();
      await rig.afterCrash();
      await rig.restart();
    },
  },
  {
    code: 'F3',
    name: 'kill -9 of task processes',
    weight: 8,
    chains: true,
    async play(rig, random) {
      const load = startLoad(rig.client, random);
      for (let round = 0; round < 3; round++) {
        await pause(random.int(50, 250));
        const children = rig.system.taskChildren().filter(() => random.chance(0.7));
        killAll(children);
        await until('killed children are gone', async () => !children.some(isAlive), goneMsMax);
      }
      await load.stop();
      await serves(rig);
    },
  },
];

function killAll(pids: number[]): void {
  for (const pid of pids) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch (thrown) {
      if ((thrown as NodeJS.ErrnoException).code !== 'ESRCH') throw thrown;
    }
  }
}

/** The server itself must not have noticed more than a lost child. */
async function serves(rig: SchedulerRig): Promise<void> {
  const status = await rig.client.health();
  if (rig.system.isOver || status !== 200)
    rig.fault('other', 'a lost child does not harm the server', `health: ${status}`);
}
