import type { Instant } from '../../kernel/time.js';
import type { TaskInstanceState } from '../model/states.js';
import { expansionVerdict } from './expansion.js';
import type { LiveRun, LiveTaskInstance } from './live-run.js';
import { shareMappedGroup, type TaskPlan } from './plan.js';
import { previousRunVerdict } from './previous-run.js';
import { triggerRuleVerdict } from './trigger-rule.js';

/** What should happen to one task instance, or to how many there are, and why. */
export type TaskDecision =
  | {
      kind: 'move';
      instance: LiveTaskInstance;
      to: 'scheduled' | 'skipped' | 'upstream_failed' | 'removed';
      reason: string;
    }
  | { kind: 'resize'; taskIndex: number; length: number; reason: string };

/** Why a task instance is not running, as the decision sees it; null when nothing holds it back. */
export type Hindrance = { reason: string } | null;

/**
 * Decides on the instances of one task that wait for a decision, or only on those given. Pure: reads the run, changes
 * nothing. Called when something that the task depends on has changed, and never for others.
 */
export function decideTask(run: LiveRun, taskIndex: number, now: Instant, only?: LiveTaskInstance[]): TaskDecision[] {
  if (run.unfinishedOf(taskIndex) === 0) return [];
  const plan = run.plan.tasks[taskIndex] as TaskPlan;
  const instances = only ?? (run.instances[taskIndex] as LiveTaskInstance[]);
  if (plan.mapping && !only) {
    const resized = decideMapping(run, plan, instances);
    if (resized) return resized;
  }
  const decisions: TaskDecision[] = [];
  // Every instance sees the same upstreams, but in a mapped group: then one verdict does for all that are alike.
  let shared: Verdict | undefined;
  const alike = (plan.mapping?.groupId ?? null) === null && !run.plan.looksBack;
  for (const instance of instances) {
    if (!isWaiting(instance, now)) continue;
    const verdict: Verdict = (alike ? shared : undefined) ?? instanceVerdict(run, plan, instance);
    if (alike) shared = verdict;
    if (verdict.kind === 'wait') {
      if (alike) break;
      continue;
    }
    const reason = verdict.to === 'scheduled' ? readyReason(instance) : verdict.reason;
    decisions.push({ kind: 'move', instance, to: verdict.to, reason });
  }
  return decisions;
}

/** Why the instance waits, in a sentence; null when it would be scheduled now. */
export function hindranceOf(run: LiveRun, instance: LiveTaskInstance, now: Instant): Hindrance {
  const plan = run.plan.tasks[instance.taskIndex] as TaskPlan;
  if (instance.dueAt !== null && instance.dueAt > now) {
    return { reason: instance.reason ?? 'its time has not come' };
  }
  const verdict = instanceVerdict(run, plan, instance);
  if (verdict.kind === 'wait') return verdict;
  if (plan.mapping && instance.mapIndex < 0) {
    const expansion = expansionVerdict(run, plan.mapping);
    if (expansion.kind === 'wait') return expansion;
  }
  return null;
}

type Verdict =
  | { kind: 'wait'; reason: string }
  | { kind: 'move'; to: 'scheduled' | 'skipped' | 'upstream_failed' | 'removed'; reason: string };

function instanceVerdict(run: LiveRun, plan: TaskPlan, instance: LiveTaskInstance): Verdict {
  const setup = setupVerdict(run, plan);
  if (setup) return setup;
  const rule = triggerRuleVerdict(plan.task.triggerRule, run.upstreamCounts(instance), {
    mapIndex: instance.mapIndex,
    setups: setupCounts(run, plan),
  });
  if (rule.kind === 'set') return { kind: 'move', to: rule.state, reason: rule.reason };
  if (rule.kind === 'wait') return rule;
  const past = previousRunVerdict(run, plan);
  if (past) return { kind: 'wait', reason: past };
  const skipped = skippedBefore(run, plan, instance);
  if (skipped) return { kind: 'move', to: 'skipped', reason: skipped };
  return { kind: 'move', to: 'scheduled', reason: readyReason(instance) };
}

function readyReason({ state, tryNumber }: LiveTaskInstance): string {
  if (state === 'up_for_reschedule') return 'its next poke is due';
  return state === 'up_for_retry' ? `its delay is over: try ${tryNumber + 1}` : 'its dependencies are met';
}

function isWaiting(instance: LiveTaskInstance, now: Instant): boolean {
  const { state } = instance;
  if (state === null) return true;
  if (state !== 'up_for_retry' && state !== 'up_for_reschedule') return false;
  return instance.dueAt === null || instance.dueAt <= now;
}

/** Makes the instances of a mapped task as many as the list it is mapped over; null when they are already. */
function decideMapping(run: LiveRun, plan: TaskPlan, instances: LiveTaskInstance[]): TaskDecision[] | null {
  const { mapping } = plan;
  const first = instances[0];
  if (!mapping || !first) return null;
  const isExpanded = first.mapIndex >= 0;
  if (!isExpanded && first.state !== null) return null;
  if (!isExpanded && mapping.groupId === null) {
    const rule = instanceVerdict(run, plan, first);
    if (rule.kind === 'wait') return [];
    if (rule.to !== 'scheduled') return [{ kind: 'move', instance: first, to: rule.to, reason: rule.reason }];
  }
  const verdict = expansionVerdict(run, mapping);
  if (verdict.kind === 'wait') return isExpanded ? null : [];
  if (verdict.kind === 'set') {
    return instances
      .filter((instance) => instance.state === null)
      .map((instance) => ({ kind: 'move', instance, to: verdict.state, reason: verdict.reason }));
  }
  const alive = instances.filter((instance) => instance.state !== 'removed').length;
  if (isExpanded && alive === verdict.length) return null;
  const reason = `mapped over ${verdict.length} ${verdict.length === 1 ? 'element' : 'elements'}`;
  if (!isExpanded && verdict.length === 0) {
    return [{ kind: 'move', instance: first, to: 'skipped', reason: `${reason}: nothing to do` }];
  }
  return [{ kind: 'resize', taskIndex: plan.index, length: verdict.length, reason }];
}

/** A task in the scope of a setup needs it, whatever its own trigger rule is. */
function setupVerdict(run: LiveRun, plan: TaskPlan): Verdict | null {
  for (const index of plan.indirectSetups) {
    const taskId = run.plan.tasks[index]?.task.taskId;
    for (const { state } of run.instances[index] as LiveTaskInstance[]) {
      if (state === 'failed' || state === 'upstream_failed') {
        return { kind: 'move', to: 'upstream_failed', reason: `its setup ${taskId} failed` };
      }
      if (state === 'skipped') return { kind: 'move', to: 'skipped', reason: `its setup ${taskId} was skipped` };
      if (state !== 'success') return { kind: 'wait', reason: `its setup ${taskId} has not finished` };
    }
  }
  return null;
}

function setupCounts(run: LiveRun, plan: TaskPlan) {
  if (plan.directSetups.length === 0) return null;
  const states = plan.directSetups.flatMap((index) =>
    (run.instances[index] as LiveTaskInstance[]).map((one) => one.state),
  );
  const count = (wanted: TaskInstanceState) => states.filter((state) => state === wanted).length;
  return { total: states.length, success: count('success'), skipped: count('skipped') };
}

/** A branch remembers what it chose: a task that was cleared alone is skipped again. */
function skippedBefore(run: LiveRun, plan: TaskPlan, instance: LiveTaskInstance): string | null {
  for (const index of plan.upstream) {
    const upper = run.plan.tasks[index] as TaskPlan;
    const deciding = run.instance(index, shareMappedGroup(plan, upper) ? instance.mapIndex : -1);
    const memo = deciding?.skipMemo;
    if (!memo) continue;
    const { taskId } = plan.task;
    const mayChoose = upper.task.branches.includes(taskId);
    const left = 'followed' in memo ? mayChoose && !memo.followed.includes(taskId) : memo.skipped.includes(taskId);
    if (left) return `${upper.task.taskId} did not choose it`;
  }
  return null;
}
