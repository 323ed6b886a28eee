import type { AssetRef, ExpandSpec, SerializedDag, SerializedTask } from '../../scheduler/model/dag.js';
import { type TriggerRule, triggerRules } from '../../scheduler/model/states.js';
import { dag } from '../support/dag-builder.js';
import type { Random } from '../support/random.js';

type TaskWish = Partial<SerializedTask> & { taskId: string };

const minuteMs = 60_000;
const asset: AssetRef = { name: 'a', uri: 's3://a' };
const ruleChoice = triggerRules.filter((rule) => rule !== 'all_done_setup_success');

/** A few DAGs, of any shape that the authoring API allows. */
export function randomDags(random: Random, generation: number): SerializedDag[] {
  return Array.from({ length: random.int(1, 3) }, (_, at) => randomDag(random, `dag${at}`, generation));
}

export function randomDag(random: Random, dagId: string, generation: number): SerializedDag {
  const tasks = randomTasks(random, random.chance(0.25));
  return dag({
    dagId,
    description: `generation ${generation}`,
    tasks,
    schedule: randomSchedule(random),
    startDate: Date.UTC(2026, 2, 28, 20),
    catchup: random.chance(0.5),
    maxActiveRuns: random.int(1, 4),
    maxActiveTasks: random.int(1, 6),
    failFast: tasks.every((task) => (task.triggerRule ?? 'all_success') === 'all_success') && random.chance(0.2),
    dagrunTimeoutMs: random.chance(0.15) ? random.int(5, 60) * minuteMs : null,
    maxConsecutiveFailedDagRuns: random.chance(0.1) ? 5 : 0,
    email: ['ops@example.org'],
    callbacks: { onSuccess: random.chance(0.2), onFailure: random.chance(0.2), onRetry: random.chance(0.1) },
  });
}

function randomSchedule(random: Random): SerializedDag['schedule'] {
  const crons = random.pick([['*/5 * * * *'], ['*/15 * * * *'], ['7 * * * *', '37 * * * *'], ['0 */2 * * *']]);
  return random.pick<SerializedDag['schedule']>([
    { kind: 'none' },
    { kind: 'cron', crons, interval: random.chance(0.5), summary: crons.join() },
    { kind: 'cron', crons, interval: random.chance(0.5), summary: crons.join() },
    { kind: 'every', everyMs: random.int(4, 30) * minuteMs },
    { kind: 'assets', condition: { asset } },
    { kind: 'asset_or_time', condition: { any: [{ asset }] }, crons, interval: false },
    { kind: 'continuous' },
  ]);
}

function randomTasks(random: Random, looksBack: boolean): TaskWish[] {
  const tasks: TaskWish[] = [];
  for (let at = 0; at < random.int(1, 8); at++) tasks.push(randomTask(random, at, tasks, looksBack));
  if (tasks.length > 2 && random.chance(0.2)) {
    const setup = tasks[0] as TaskWish;
    setup.isSetup = true;
    for (const task of tasks) if (task.upstream?.includes(setup.taskId)) task.triggerRule = 'all_success';
    tasks.push({
      taskId: 'teardown',
      isTeardown: true,
      triggerRule: 'all_done_setup_success',
      setups: [setup.taskId],
      upstream: tasks.slice(1).map((task) => task.taskId),
    });
  }
  return tasks;
}

function randomTask(random: Random, at: number, before: readonly TaskWish[], looksBack: boolean): TaskWish {
  const upstream = before.filter(() => random.chance(0.4)).map((task) => task.taskId);
  const lists = before.filter((task) => task.operator === 'list').map((task) => task.taskId);
  const expand = random.chance(0.25) ? randomExpand(random, lists) : null;
  const sources = expand?.kind === 'records' && 'ref' in expand.over ? [expand.over.ref] : [];
  const kind = random.pick(['plain', 'plain', 'plain', 'list', 'branch', 'gate', 'sensor', 'defer', 'empty']);
  return {
    taskId: `t${at}`,
    operator: expand ? 'plain' : kind,
    upstream: [...new Set([...upstream, ...sources])],
    expand,
    triggerRule: (random.chance(0.6) ? 'all_success' : random.pick(ruleChoice)) as TriggerRule,
    retries: random.int(0, 2),
    retryDelayMs: random.int(0, 5) * minuteMs,
    retryExponentialBackoff: random.chance(0.3) ? 2 : 0,
    // The same in every version: a run that is taken over to another one would move its slots with it.
    pool: at % 3 === 0 ? 'narrow' : 'default_pool',
    poolSlots: 1 + (at % 2),
    priorityWeight: random.int(1, 5),
    weightRule: random.pick(['downstream', 'upstream', 'absolute']),
    maxActiveTisPerDag: random.chance(0.15) ? random.int(1, 2) : null,
    maxActiveTisPerDagrun: random.chance(0.15) ? random.int(1, 2) : null,
    dependsOnPast: looksBack && random.chance(0.3),
    waitForDownstream: looksBack && random.chance(0.1),
    ignoreFirstDependsOnPast: true,
    emailOnFailure: random.chance(0.2),
    outlets: random.chance(0.1) ? [asset] : [],
  };
}

function randomExpand(random: Random, lists: readonly string[]): ExpandSpec {
  if (lists.length > 0 && random.chance(0.7)) return { kind: 'records', over: { ref: random.pick(lists) } };
  const literal = Array.from({ length: random.int(0, 4) }, (_, value) => value);
  return { kind: 'product', over: { x: { literal } } };
}
