/** One exact text of the product's source, and what stands there instead. */
export interface Edit {
  file: string;
  find: string;
  replace: string;
}

/** A bug to plant. */
export interface Mutation extends Edit {
  name: string;
  /** The mistake that somebody might make. */
  mistake: string;
  /** Where one guard stands behind another, the other one falls as well. */
  also?: Edit;
  /** Files of tests that should notice where the simulation does not. */
  checks: string[];
}

const semantics = 'tests/scheduler/semantics.test.ts';
const found = 'tests/scheduler/found-by-simulation.test.ts';
const year = 'tests/scheduler/timetable/year.test.ts';

export const mutations: Mutation[] = [
  {
    name: 'lost event',
    mistake: 'what follows a task is not looked at when the task ends',
    file: 'scheduler/loop/turn.ts',
    find: 'for (const below of plan.wholeDownstream) this.touch(run, below);',
    replace: '',
    checks: [semantics],
  },
  {
    name: 'double dispatch',
    mistake: 'an attempt is handed to the executor twice',
    file: 'scheduler/loop.ts',
    find: 'void this.#submit(instance);',
    replace: 'for (const one of [instance, instance]) void this.#submit(one);',
    checks: [semantics],
  },
  {
    name: 'pool off by one',
    mistake: 'a pool gives out one slot more than it has',
    file: 'scheduler/decide/slots.ts',
    find: 'limit: pool.slots - slots + 1',
    replace: 'limit: pool.slots - slots + 2',
    checks: ['tests/scheduler/decide/slots.property.test.ts'],
  },
  {
    name: 'report not fenced',
    mistake: 'the late report of an attempt that is over counts for the one that runs now',
    file: 'scheduler/loop/attempt-events.ts',
    find: 'if (instance.attemptId !== event.attemptId) return;',
    replace: '',
    also: {
      file: 'scheduler/loop.ts',
      find: 'for (const attemptId of turn.endedAttempts) this.live.attempts.delete(attemptId);',
      replace: '',
    },
    checks: [semantics],
  },
  {
    name: 'write not fenced',
    mistake: 'a write no longer asks whether the attempt is still the one that was read',
    file: 'scheduler/store/transitions/write-task-instance.ts',
    find: ".where('attempt_id', 'is not distinct from', place('from_attempt_id'))",
    replace: '',
    checks: ['tests/scheduler/store/two-schedulers.property.test.ts'],
  },
  {
    name: 'two attempts at once',
    mistake: 'a task instance gets its next attempt while the one before is still being ended',
    file: 'scheduler/decide/slots.ts',
    find: 'if (instance.lingering) {',
    replace: 'if (instance.lingering && instance.id < 0) {',
    checks: [semantics],
  },
  {
    name: 'trigger rule wrong',
    mistake: 'none_failed_min_one_success runs where every upstream task was skipped',
    file: 'scheduler/decide/trigger-rule.ts',
    find: 'if (skipped >= total) return set(',
    replace: 'if (skipped > total) return set(',
    checks: ['tests/scheduler/decide/trigger-rule.test.ts'],
  },
  {
    name: 'upstream count not moved',
    mistake: 'the count of upstream states stays when a task leaves its state',
    file: 'scheduler/decide/live-run.ts',
    find: 'if (field !== undefined) (this.#upstream[below * fields + field] as number) += by;',
    replace: 'if (field !== undefined && by > 0) (this.#upstream[below * fields + field] as number) += by;',
    checks: [semantics],
  },
  {
    name: 'retry not counted',
    mistake: 'a retry does not count as a try',
    file: 'scheduler/loop/settle.ts',
    find: 'tryNumber: instance.tryNumber + 1',
    replace: 'tryNumber: Math.max(1, instance.tryNumber)',
    checks: [semantics],
  },
  {
    name: 'DST fold',
    mistake: 'an hour that comes twice counts the first time',
    file: 'scheduler/timetable/cron.ts',
    find: 'instants.slice(-1)',
    replace: 'instants.slice(0, 1)',
    checks: [year],
  },
  {
    name: 'DST gap',
    mistake: 'the next tick is looked for after the wall time of now, where a gap has moved one beyond it',
    file: 'scheduler/timetable/cron.ts',
    find: 'let wall = after + offsetsAround(after, zone).least;',
    replace: 'let wall = after + offsetsAround(after, zone).greatest;',
    checks: [year],
  },
  {
    name: 'e-mail not in the transaction',
    mistake: 'the first e-mail or asset event of a commit is left out of it',
    file: 'scheduler/loop/turn.ts',
    find: 'for (const script of this.#scripts) yield* script();',
    replace: 'for (const script of this.#scripts.slice(1)) yield* script();',
    checks: [semantics],
  },
  {
    name: 'skip memory lost',
    mistake: 'what a branch chose is forgotten over a restart',
    file: 'scheduler/loop/revive.ts',
    find: 'skipMemo: facts.memos.get(place) ?? null,',
    replace: 'skipMemo: null,',
    checks: [semantics],
  },
  {
    name: 'recovery forgets queued',
    mistake: 'what was queued when the server died is not taken up again',
    file: 'scheduler/loop/recover.ts',
    find: "if ((state === 'queued' || state === 'running') && !isOurs) {",
    replace: "if (state === 'running' && !isOurs) {",
    checks: [semantics],
  },
  {
    name: 'date taken twice',
    mistake: 'the schedule makes a run of a date that has one',
    file: 'scheduler/loop/schedule-dag.ts',
    find: 'if (!dag.takenDates.has(next.logicalDate)) createScheduledRun(',
    replace: 'createScheduledRun(',
    checks: [found],
  },
  {
    name: 'one run too many',
    mistake: 'a DAG starts one run more than max_active_runs',
    file: 'scheduler/loop/schedule-dag.ts',
    find: "while (dag.count('running', backfillId) < most) {",
    replace: "while (dag.count('running', backfillId) <= most) {",
    checks: [semantics],
  },
  {
    name: 'setup out of sight',
    mistake: 'what is further down in the scope of a setup is not looked at when the setup ends',
    file: 'scheduler/loop/turn.ts',
    find: 'for (const within of plan.indirectScope) this.touch(run, within);',
    replace: '',
    checks: [found],
  },
  {
    name: 'poison tried for ever',
    mistake: 'an attempt that is lost again and again is never taken for poison',
    file: 'scheduler/loop/attempt-events.ts',
    find: 'if (lostCount > lostCountMax) {',
    replace: 'if (lostCount > lostCountMax * 1_000) {',
    checks: [semantics],
  },
];
