import { writeDag } from '../dags.js';
import { startLoad } from '../load.js';
import type { SchedulerRig } from '../scheduler-rig.js';
import { isAlive, pause, until } from '../system.js';
import { instanceOf } from '../witness.js';
import type { Fault } from './fault.js';

const endMsMax = 60_000;

/** What a process may die of by itself, once; the next try succeeds. */
const deaths = {
  abort: { does: 'process.abort()' },
  segfault: { does: `process.kill(process.pid, 'SIGSEGV'); await pause(10_000)` },
  'too little heap': {
    does: 'const all = []; for (;;) all.push(new Array(100_000).fill(all.length))',
    options: 'memoryLimitMb: 32',
  },
  exit: { does: 'process.exit(0)' },
  'a closed channel to the server': { does: 'process.disconnect(); await pause(10_000)' },
};

/** Tasks that harm themselves, their processes or everybody. */
export const badTasks: Fault[] = [
  ...Object.entries(deaths).map(
    ([name, death]): Fault => ({
      code: name.startsWith('a closed') ? 'F6' : 'F3',
      name: `a task dies of ${name}`,
      weight: 1,
      chains: true,
      async play(rig, random) {
        const options = 'options' in death ? `, ${death.options}` : '';
        const dagId = await declare(
          rig,
          'dies',
          `dag.task('dies', async () => {
  const say = watch();
  say('start');
  if (getContext().tryNumber > 1) return say('end');
  ${death.does};
}, { retries: 1, retryDelay: 0${options} })();`,
        );
        const load = startLoad(rig.client, random);
        await rig.client.trigger(dagId, dagId);
        const state = await rig.client.finishes(dagId, dagId, endMsMax);
        await load.stop();
        const begun = rig.witness().filter(({ dag, what }) => dag === dagId && what === 'start');
        if (state !== 'success' || begun.length !== 2)
          rig.fault('other', 'a task that died is tried again', `${state} after ${begun.length} starts`);
        else
          rig.holds(
            'a task that died is tried again',
            `after ${Math.round(((begun[1]?.at ?? 0) - (begun[0]?.at ?? 0)) / 1000)} ms`,
          );
      },
    }),
  ),
  {
    code: 'F6',
    name: 'task processes die before their first word',
    needs: 'linux',
    weight: 1,
    chains: true,
    async play(rig, random) {
      const load = startLoad(rig.client, random);
      // Those that are there first: their successors are young.
      let killed = 0;
      for (const since = performance.now(); killed < 12 && performance.now() - since < 4_000; await pause(5)) {
        for (const pid of rig.system.taskChildren()) {
          process.kill(pid, 'SIGKILL');
          killed += 1;
        }
      }
      await load.stop();
      rig.holds('task processes die before their first word', `${killed} killed`);
      // Work that found no process is given back; a server that is asked then is still there.
      if ((await rig.client.health()) !== 200)
        rig.fault('other', 'the server is well without task processes', 'it is not');
    },
  },
  {
    code: 'F6',
    name: 'a task is busy and says nothing',
    weight: 1,
    chains: true,
    async play(rig, random) {
      const dagId = await declare(
        rig,
        'busy',
        `dag.task('busy', async () => {
  const say = watch();
  say('start');
  for (const until = Date.now() + 3_000; Date.now() < until; );
  say('end');
})();`,
      );
      await rig.client.trigger(dagId, dagId);
      const load = startLoad(rig.client, random);
      const state = await rig.client.finishes(dagId, dagId, endMsMax);
      await load.stop();
      const begun = rig.witness().filter(({ dag, what }) => dag === dagId && what === 'start').length;
      if (state !== 'success' || begun !== 1)
        rig.fault('other', 'a busy task is not taken for dead', `${state} after ${begun} starts`);
    },
  },
  {
    code: 'F17',
    name: 'poison: a task that always dies, one without end, one that floods its log, a file that is no DAG',
    weight: 1,
    chains: true,
    async play(rig, random) {
      const poison = await declare(
        rig,
        'poison',
        `dag.task('dies', async () => { watch()('start'); process.abort(); }, { retries: 2, retryDelay: 0 })();`,
      );
      const endless = await declare(
        rig,
        'endless',
        `dag.task('endless', async () => { watch()('start'); for (;;); }, { retries: 0, executionTimeout: 0.5 })();`,
      );
      const flood = await declare(
        rig,
        'flood',
        `dag.task('floods', async () => { watch()('start'); const line = 'x'.repeat(1 << 20); for (;;) console.log(line); }, { retries: 0 })();`,
      );
      writeDag(rig.dagFolder, 'broken.ts', rig.witnessPath, 'export default new Dag(');
      const load = startLoad(rig.client, random);
      const bad = [poison, endless, flood];
      for (const dagId of bad) await rig.client.trigger(dagId, dagId);
      await load.stop();
      for (const dagId of bad) {
        const state = await rig.client.finishes(dagId, dagId, endMsMax);
        const begun = rig.witness().filter(({ dag, what }) => dag === dagId && what === 'start').length;
        const allowed = dagId === poison ? 3 : 1;
        if (state !== 'failed' || begun !== allowed)
          rig.fault('other', 'poison ends after its tries', `${dagId} is ${state} after ${begun} starts`);
      }
      // One slot is all that each of them takes.
      const slowest = slowestRun(rig);
      rig.holds('others go on beside poison', `their slowest run took ${slowest} ms`);
    },
  },
  {
    code: 'F19',
    name: 'a task leaves processes behind: in its group, out of it, deaf to SIGTERM, with its log open',
    needs: 'linux',
    weight: 1,
    chains: true,
    async play(rig, random) {
      const dagId = await declare(
        rig,
        'family',
        `import { spawn } from 'node:child_process';
const leave = () => [
  spawn('sleep', ['1000'], { stdio: 'inherit' }),
  spawn('setsid', ['sleep', '1000'], { stdio: 'inherit' }),
  spawn('bash', ['-c', 'trap "" TERM HUP; while :; do sleep 1; done'], { stdio: 'inherit', detached: true }),
].map((child) => { child.unref(); return child.pid; });
dag.task('ends', async () => { const say = watch(); say('start'); leave(); await pause(100); say('end'); })();
dag.task('killed', async () => { const say = watch(); say('start'); leave(); await pause(200); if (getContext().tryNumber === 1) process.kill(process.pid, 'SIGKILL'); say('end'); }, { retries: 1, retryDelay: 0 })();`,
      );
      const load = startLoad(rig.client, random);
      await rig.client.trigger(dagId, dagId);
      const state = await rig.client.finishes(dagId, dagId, endMsMax);
      await load.stop();
      if (state !== 'success') rig.fault('other', 'a run ends though its processes go on', `it is ${state}`);
      const left = () => rig.system.taskDescendants().filter(isAlive);
      const ms = await until('what a task left is gone', async () => left().length === 0, 10_000).catch(() => null);
      if (ms === null) rig.fault('other', 'what a task left ends with it', `${left().length} processes go on`);
      else rig.holds('what a task left ends with it', `after ${Math.round(ms)} ms`);
    },
  },
];

let serial = 0;

/** Adds a DAG with these tasks, under a name that no other trial has. Resolves with the name when the server knows it. */
async function declare(rig: SchedulerRig, kind: string, tasks: string): Promise<string> {
  const dagId = `${kind}_${++serial}`;
  const text = `const dag = new Dag('${dagId}', {});\n${tasks}\nexport default dag;`;
  writeDag(rig.dagFolder, `${dagId}.ts`, rig.witnessPath, text);
  await rig.dagIsThere(dagId);
  return dagId;
}

/** Milliseconds from the first to the last word of a run of the load. */
function slowestRun(rig: SchedulerRig): number {
  const spans = new Map<string, { from: number; to: number }>();
  for (const line of rig.witness().filter(({ dag }) => dag === 'work')) {
    const place = instanceOf({ ...line, task: '', map: -1 });
    const span = spans.get(place) ?? { from: line.at, to: line.at };
    spans.set(place, { from: span.from, to: line.at });
  }
  return Math.round(Math.max(0, ...[...spans.values()].map(({ from, to }) => to - from)) / 1000);
}
