import { type Instant, toIso } from '../../kernel/time.js';
import type { LiveRun } from '../decide/live-run.js';
import type { Turn } from './turn.js';

type Moment = 'queued' | 'logical_date' | 'started';

/** Sets when the alert of the DAG's deadline is due, at the moment that it is counted from. */
export function armDeadline(turn: Turn, run: LiveRun, moment: Moment): void {
  const { deadline } = run.plan.dag;
  if (deadline?.after !== moment) return;
  const from = moment === 'logical_date' ? run.row.logicalDate : turn.now;
  if (from === null) return;
  run.row.deadlineAt = from + deadline.seconds * 1_000;
  turn.changedRun(run);
  turn.live.at(run.row.deadlineAt, { kind: 'run', run });
}

/** The deadline has passed and the run is not over: whoever the DAG names is told, once. */
export function onDeadline(turn: Turn, run: LiveRun): void {
  const { deadlineAt } = run.row;
  if (deadlineAt === null || deadlineAt > turn.now) return;
  run.row.deadlineAt = null;
  turn.changedRun(run);
  const notice = run.plan.dag.deadline?.notify as { to?: string[]; subject?: string } | null | undefined;
  if (!notice?.to?.length) return;
  turn.email({
    message_id: `<deadline.${deadlineAt}.${run.row.id}@millrace>`,
    to_json: JSON.stringify(notice.to),
    cc_json: '[]',
    subject: notice.subject ?? `Millrace: ${run.dagId} has missed its deadline`,
    text: textOf(run, deadlineAt),
    html: null,
    attachments_json: '[]',
    dag_id: run.dagId,
    run_id: run.row.runId,
    task_id: null,
    map_index: null,
    created_at: turn.now,
  });
}

function textOf(run: LiveRun, deadlineAt: Instant): string {
  const { deadline } = run.plan.dag;
  return [
    `DAG: ${run.dagId}`,
    `Run: ${run.row.runId}`,
    `State: ${run.row.state}`,
    `Deadline: ${toIso(deadlineAt)} (${deadline?.seconds} s after ${deadline?.after})`,
    `Unfinished task instances: ${run.unfinished}`,
    '',
  ].join('\n');
}
