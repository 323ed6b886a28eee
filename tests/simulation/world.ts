import type {
  AssetRef,
  ExpandSpec,
  SerializedDag,
  SerializedGroup,
  SerializedTask,
} from '../../scheduler/model/dag.js';
import { type TriggerRule, triggerRules } from '../../scheduler/model/states.js';
import { dag } from '../support/dag-builder.js';
import type { Random } from '../support/random.js';

type TaskWish = Partial<SerializedTask> & { taskId: string };

const minuteMs = 60_000;
/** When the worlds begin: the hour before the clocks of Europe change. */
export const beginsAt = Date.UTC(2026, 2, 28, 23);
const startsAt = beginsAt - 3 * 60 * minuteMs;
const asset: AssetRef = { name: 'a', uri: 's3://a' };
export const otherAsset: AssetRef = { name: 'b', uri: 's3://b' };
export const assets = [asset, otherAsset];
const ruleChoice = triggerRules.filter((rule) => rule !== 'all_done_setup_success');
const operators = 'plain plain plain list branch gate sensor defer empty mail ask trigger'.split(' ');

/** A few DAGs, of any shape that the authoring API allows. */
export function randomDags(random: Random): SerializedDag[] {
  return Array.from({ length: random.int(1, 3) }, (_, at) => randomDag(random, `dag${at}`, 0));
}

/** A DAG, or another version of `before`, which may keep its schedule. */
export function randomDag(random: Random, dagId: string, generation: number, before?: SerializedDag): SerializedDag {
  const { tasks, groups } = randomGraph(random);
  const timed =
    before && random.chance(0.5) ? before : { schedule: randomSchedule(random), catchup: random.chance(0.5) };
  // A run that takes no time would be followed by the next a second later, thousands of times.
  if (timed.schedule.kind === 'continuous') Object.assign(tasks[0] as TaskWish, { operator: 'plain', expand: null });
  return dag({
    dagId,
    description: `generation ${generation}`,
    tasks,
    groups,
    schedule: timed.schedule,
    timezone: before?.timezone ?? random.pick(['UTC', 'Europe/Vienna']),
    startDate: startsAt,
    catchup: timed.catchup,
    maxActiveRuns: random.int(1, 4),
    maxActiveTasks: random.int(1, 6),
    failFast: tasks.every((task) => (task.triggerRule ?? 'all_success') === 'all_success') && random.chance(0.4),
    dagrunTimeoutMs: random.chance(0.15) ? random.int(5, 60) * minuteMs : null,
    maxConsecutiveFailedDagRuns: random.chance(0.1) ? 5 : 0,
    isPausedUponCreation: random.chance(0.1),
    email: ['ops@example.org'],
    callbacks: { onSuccess: random.chance(0.2), onFailure: random.chance(0.2), onRetry: random.chance(0.1) },
  });
}

function randomSchedule(random: Random): SerializedDag['schedule'] {
  const crons = random.pick([['*/5 * * * *'], ['*/15 * * * *'], ['7 * * * *', '37 * * * *'], ['0 */2 * * *']]);
  const interval = random.chance(0.5);
  return random.pick<SerializedDag['schedule']>([
    { kind: 'none' },
    { kind: 'once' },
    { kind: 'cron', crons, interval, summary: crons.join() },
    { kind: 'cron', crons, interval, summary: crons.join() },
    { kind: 'every', everyMs: random.int(4, 30) * minuteMs },
    { kind: 'assets', condition: random.pick([{ asset }, { all: [{ asset }, { asset: otherAsset }] }]) },
    { kind: 'asset_or_time', condition: { any: [{ asset }, { asset: otherAsset }] }, crons, interval },
    { kind: 'continuous' },
  ]);
}

function randomGraph(random: Random): { tasks: TaskWish[]; groups: SerializedGroup[] } {
  const looksBack = random.chance(0.25);
  const tasks: TaskWish[] = [];
  const groups: SerializedGroup[] = [];
  for (let at = 0; at < random.int(1, 8); at++) tasks.push(randomTask(random, at, tasks, looksBack));
  if (tasks.length > 1 && random.chance(0.2)) groups.push(addMappedGroup(random, tasks));
  if (tasks.length > 2 && random.chance(0.2)) addTeardown(random, tasks);
  return { tasks, groups };
}

/** The first task becomes a setup; the teardown follows all others, or leaves some outside its scope. */
function addTeardown(random: Random, tasks: TaskWish[]): void {
  const setup = tasks[0] as TaskWish;
  setup.isSetup = true;
  for (const task of tasks) if (task.upstream?.includes(setup.taskId)) task.triggerRule = 'all_success';
  const scope = tasks.slice(1).filter(() => random.chance(0.8));
  tasks.push({
    taskId: 'teardown',
    isTeardown: true,
    onFailureFailDagrun: random.chance(0.3),
    triggerRule: 'all_done_setup_success',
    setups: [setup.taskId],
    upstream: scope.map((task) => task.taskId),
  });
}

/** A group that is run once for each element of a list: inside it, each element goes its own way. */
function addMappedGroup(random: Random, tasks: TaskWish[]): SerializedGroup {
  const lists = listsOf(tasks);
  const before = tasks.filter((task) => task.operator !== 'trigger').map((task) => task.taskId);
  const expand = randomExpand(random, lists);
  const sources = sourcesOf(expand);
  const inside: TaskWish[] = [];
  for (let at = 0; at < random.int(1, 3); at++) {
    const near = inside.filter(() => random.chance(0.7)).map((task) => task.taskId);
    const far = before.filter(() => random.chance(0.2));
    inside.push({
      ...randomTask(random, at, [], false),
      taskId: `g.m${at}`,
      groupId: 'g',
      expand: null,
      // Airflow refuses `always` in a group that is mapped over what a task returns.
      triggerRule: random.chance(0.7) ? 'all_success' : random.pick(ruleChoice.filter((rule) => rule !== 'always')),
      upstream: [...new Set([...near, ...far, ...sources])],
    });
  }
  tasks.push(...inside);
  tasks.push({ ...randomTask(random, 9, [], false), upstream: inside.map((task) => task.taskId), expand: null });
  return { groupId: 'g', displayName: 'g', parentId: null, tooltip: null, expand };
}

function randomTask(random: Random, at: number, before: readonly TaskWish[], looksBack: boolean): TaskWish {
  const upstream = before.filter(() => random.chance(0.4)).map((task) => task.taskId);
  const expand = random.chance(0.25) ? randomExpand(random, listsOf(before)) : null;
  const sources = expand ? sourcesOf(expand) : [];
  const rules = sources.length > 0 ? ruleChoice.filter((rule) => rule !== 'always') : ruleChoice;
  return {
    taskId: `t${at}`,
    operator: expand ? 'plain' : random.pick(operators),
    upstream: [...new Set([...upstream, ...sources])],
    expand,
    triggerRule: (random.chance(0.5) ? 'all_success' : random.pick(rules)) as TriggerRule,
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
    startDate: random.chance(0.05) ? beginsAt + 60 * minuteMs : null,
    emailOnFailure: random.chance(0.2),
    emailOnRetry: random.chance(0.1),
    outlets: random.chance(0.1) ? [random.pick(assets)] : [],
  };
}

function listsOf(tasks: readonly TaskWish[]): string[] {
  return tasks.filter((task) => task.operator === 'list').map((task) => task.taskId);
}

function randomExpand(random: Random, lists: readonly string[]): ExpandSpec {
  const list = () => Array.from({ length: random.int(0, 4) }, (_, value) => value);
  if (lists.length > 0 && random.chance(0.7)) return { kind: 'records', over: { ref: random.pick(lists) } };
  if (random.chance(0.2))
    return { kind: 'zip', over: { x: { literal: list() }, y: { literal: list() } }, longest: true, fill: null };
  return { kind: 'product', over: { x: { literal: list() } } };
}

function sourcesOf(expand: ExpandSpec): string[] {
  return expand.kind === 'records' && 'ref' in expand.over ? [expand.over.ref] : [];
}
