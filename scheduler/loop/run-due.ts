import type { LiveRun } from '../decide/live-run.js';
import { executionStates, finishedStates } from '../model/states.js';
import { onDeadline } from './deadline.js';
import { endAttempt } from './fail-fast.js';
import { finishRun } from './finish-run.js';
import type { Turn } from './turn.js';

/** A timer of a run is due: it has missed its deadline, or has run for longer than its DAG allows. */
export function onRunDue(turn: Turn, run: LiveRun): void {
  const { dagrunTimeoutMs } = run.plan.dag;
  if (turn.live.runs.get(run.row.id) !== run) return;
  onDeadline(turn, run);
  if (run.row.state !== 'running') return;
  if (dagrunTimeoutMs === null || run.row.startedAt === null) return;
  if (turn.now < run.row.startedAt + dagrunTimeoutMs) return;
  const reason = `timed out: it ran for longer than ${dagrunTimeoutMs / 1_000} s`;
  for (const instance of run.instances.flat()) {
    if (finishedStates.has(instance.state)) continue;
    if (executionStates.has(instance.state)) endAttempt(turn, instance, reason);
    turn.move(instance, 'skipped', reason, { endedAt: turn.now, dueAt: null });
  }
  finishRun(turn, run, { state: 'failed', reason });
}
