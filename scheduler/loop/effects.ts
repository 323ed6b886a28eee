import { literalLength } from '../decide/expansion.js';
import { type LiveTaskInstance, mapLengthMax } from '../decide/live-run.js';
import { shareMappedGroup, type TaskPlan, transitiveDownstream } from '../decide/plan.js';
import type { AttemptEffects, AttemptOutcome } from '../model/attempt.js';
import { setDetail, setXCom } from '../store/transitions/write-effects.js';
import { recordAssetEvents } from './asset-events.js';
import type { AttemptSettings } from './attempt-events.js';
import { messageId } from './message-id.js';
import { taskOf } from './task-of.js';
import { triggerProblem, triggerRun } from './trigger-run.js';
import type { Turn } from './turn.js';

const returnKey = 'return_value';

/** Why what the attempt wants changed cannot be: then the try fails with that, and nothing of it is done. */
export function refusalOf(
  turn: Turn,
  instance: LiveTaskInstance,
  outcome: AttemptOutcome,
  effects: AttemptEffects,
  settings: AttemptSettings,
): AttemptOutcome | null {
  const refuse = (type: string, message: string, final: boolean): AttemptOutcome => ({
    state: 'failed',
    error: { type, message, stack: null },
    final,
  });
  for (const { key, value } of effects.xcoms) {
    const bytes = Buffer.byteLength(JSON.stringify(value));
    if (bytes > settings.xcomBytesMax) {
      return refuse(
        'XComTooLarge',
        `XCom ${key} has ${bytes} bytes, and ${settings.xcomBytesMax} is the most: put it into the object store and return its key`,
        true,
      );
    }
  }
  if (outcome.state === 'success') {
    const unmappable = unmappableReturn(instance, effects);
    if (unmappable) return refuse('UnmappableXCom', unmappable, true);
  }
  for (const trigger of effects.triggers) {
    const problem = triggerProblem(turn, instance, trigger);
    if (problem)
      return problem === 'skip'
        ? { state: 'skipped', reason: 'the run exists already' }
        : refuse('TriggerRefused', problem, true);
  }
  return null;
}

/** All that an attempt wants changed; commits with its state. */
export function applyEffects(
  turn: Turn,
  instance: LiveTaskInstance,
  outcome: AttemptOutcome,
  effects: AttemptEffects,
): void {
  writeXComs(turn, instance, effects);
  writeDetail(turn, instance, effects);
  effects.emails.forEach((email, index) => {
    turn.email({
      message_id: messageId(instance, 'task', index),
      to_json: JSON.stringify(email.to),
      cc_json: JSON.stringify(email.cc ?? []),
      subject: email.subject,
      text: email.text,
      html: email.html,
      attachments_json: JSON.stringify(email.attachments),
      dag_id: instance.run.dagId,
      run_id: instance.run.row.runId,
      task_id: taskOf(instance).taskId,
      map_index: instance.mapIndex,
      created_at: turn.now,
    });
  });
  for (const trigger of effects.triggers) triggerRun(turn, instance, trigger);
  if (outcome.state !== 'success') return;
  if (effects.skip) applySkip(turn, instance, effects.skip);
  recordAssetEvents(turn, instance, effects.assetEvents);
}

function writeXComs(turn: Turn, instance: LiveTaskInstance, effects: AttemptEffects): void {
  for (const { key, value } of effects.xcoms) {
    turn.write(
      setXCom({
        dag_run_id: instance.run.row.id,
        task_id: taskOf(instance).taskId,
        map_index: instance.mapIndex,
        key,
        value_json: JSON.stringify(value),
        at: turn.now,
      }),
    );
    if (key === returnKey) instance.returnLength = literalLength(value);
  }
}

function writeDetail(turn: Turn, instance: LiveTaskInstance, effects: AttemptEffects): void {
  if (Object.keys(effects.rendered).length + Object.keys(effects.details).length === 0) return;
  turn.write(
    setDetail({
      task_instance_id: instance.id,
      try_number: instance.tryNumber,
      rendered_json: JSON.stringify(effects.rendered),
      details_json: JSON.stringify(effects.details),
    }),
  );
}

/** A task that others are mapped over must return a list that is not too long. */
function unmappableReturn(instance: LiveTaskInstance, effects: AttemptEffects): string | null {
  const own = instance.run.plan.tasks[instance.taskIndex];
  if (!own?.isMappingSource || own.mapping) return null;
  const returned = effects.xcoms.find((xcom) => xcom.key === returnKey);
  const length = returned ? literalLength(returned.value) : null;
  if (length === null) return 'a task is mapped over its return value, which is neither a list nor an object';
  if (length > mapLengthMax) return `it returned ${length} elements to be mapped over, and ${mapLengthMax} is the most`;
  return null;
}

/** Keeps what a branch chose, and skips what it did not choose. */
function applySkip(turn: Turn, instance: LiveTaskInstance, skip: NonNullable<AttemptEffects['skip']>): void {
  const { run } = instance;
  const own = run.plan.tasks[instance.taskIndex] as (typeof run.plan.tasks)[number];
  const memo = 'followed' in skip ? skip : { ...skip, skipped: skippedIds(instance, skip) };
  instance.skipMemo = memo;
  turn.write(
    setXCom({
      dag_run_id: run.row.id,
      task_id: own.task.taskId,
      map_index: instance.mapIndex,
      key: 'skipmixin_key',
      value_json: JSON.stringify(memo),
      at: turn.now,
    }),
  );
  const reason = `${own.task.taskId} did not choose it`;
  for (const index of notChosen(instance, memo)) {
    // One of many decides for its own index alone: what follows all of them goes by its trigger rule.
    const isOfIndex = shareMappedGroup(own, run.plan.tasks[index] as TaskPlan);
    if (instance.mapIndex >= 0 && !isOfIndex) continue;
    for (const other of run.instances[index] ?? []) {
      if (isOfIndex && other.mapIndex !== instance.mapIndex) continue;
      if (other.state === null) turn.move(other, 'skipped', reason, { endedAt: turn.now });
    }
  }
}

/** What a short circuit that names no tasks skips: all that follows (but teardowns), or only what follows directly. */
function skippedIds(instance: LiveTaskInstance, skip: { skipped: string[]; ignoreTriggerRules: boolean }): string[] {
  if (skip.skipped.length > 0 && !skip.ignoreTriggerRules) return skip.skipped;
  const { tasks, indexOf } = instance.run.plan;
  const named = skip.skipped.flatMap((id) => indexOf.get(id) ?? []);
  const direct = named.length > 0 ? named : (tasks[instance.taskIndex]?.downstream ?? []);
  const all = skip.ignoreTriggerRules ? new Set([...direct, ...transitiveDownstream(tasks, direct)]) : new Set(direct);
  return [...all].flatMap((index) => {
    const task = tasks[index]?.task;
    return task && !task.isTeardown ? [task.taskId] : [];
  });
}

/** Of a branch: its cases that were not chosen. What else follows it directly, a join for one, is never skipped by it. */
function notChosen(instance: LiveTaskInstance, memo: NonNullable<LiveTaskInstance['skipMemo']>): number[] {
  const { tasks, indexOf } = instance.run.plan;
  if ('skipped' in memo) return memo.skipped.flatMap((id) => indexOf.get(id) ?? []);
  const own = tasks[instance.taskIndex] as (typeof tasks)[number];
  return own.task.branches.flatMap((id) => (memo.followed.includes(id) ? [] : (indexOf.get(id) ?? [])));
}
