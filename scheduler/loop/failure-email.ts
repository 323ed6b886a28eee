import type { LiveTaskInstance } from '../decide/live-run.js';
import type { AttemptSettings } from './attempt-events.js';
import { messageId } from './message-id.js';
import type { Turn } from './turn.js';

/** Puts the e-mail about a failed try into the outbox, when the DAG says to whom. */
export function notifyOfFailure(
  turn: Turn,
  instance: LiveTaskInstance,
  what: 'failure' | 'retry',
  settings: AttemptSettings,
): void {
  const { run } = instance;
  const { dag } = run.plan;
  if (dag.email.length === 0) return;
  const { taskId } = (run.plan.tasks[instance.taskIndex] as (typeof run.plan.tasks)[number]).task;
  const name = instance.mapIndex < 0 ? taskId : `${taskId} [${instance.mapIndex}]`;
  const verb = what === 'failure' ? 'failed' : 'failed and will be tried again';
  const lines = [
    `DAG: ${dag.dagId}`,
    `Run: ${run.row.runId}`,
    `Task: ${name}`,
    `Try: ${instance.tryNumber} of ${instance.maxTries + 1}`,
    `Error: ${instance.error ?? 'none was reported'}`,
  ];
  if (settings.baseUrl !== null) {
    const place = [dag.dagId, run.row.runId, taskId].map(encodeURIComponent);
    lines.push('', `${settings.baseUrl}/dags/${place[0]}/runs/${place[1]}/tasks/${place[2]}`);
  }
  turn.email({
    message_id: messageId(instance, `on_${what}`, 0),
    to_json: JSON.stringify(dag.email),
    cc_json: '[]',
    subject: `Millrace: ${dag.dagId}.${name} ${verb}`,
    text: `${lines.join('\n')}\n`,
    html: null,
    attachments_json: '[]',
    dag_id: dag.dagId,
    run_id: run.row.runId,
    task_id: taskId,
    map_index: instance.mapIndex,
    created_at: turn.now,
  });
}
