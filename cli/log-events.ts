import type { Log } from '../kernel/log.js';
import type { SchedulerEvent, SchedulerEvents } from '../scheduler/model/events.js';

/** Says in the log what became of runs, and of DAG files. What tasks do is in their own logs and in the UI. */
export function logEvents(events: Pick<SchedulerEvents, 'listen'>, log: Log): () => void {
  return events.listen((event) => say(event, log));
}

function say(event: SchedulerEvent, log: Log): void {
  if (event.kind === 'dag_run') {
    const { dagId, runId, to, reason } = event;
    const line = `${dagId} ${runId}: ${to}`;
    if (to === 'failed') log.warn(line, { error: reason });
    else if (to === 'success') log.info(line);
    else log.debug(line, { reason });
  } else if (event.kind === 'task_instance') {
    const { dagId, runId, taskId, mapIndex, tryNumber, from, to, reason } = event;
    const fields = { dagId, runId, taskId, mapIndex, tryNumber, from };
    if (to === 'failed') log.warn(`${dagId}.${taskId}: failed`, { ...fields, error: reason });
    else log.debug(`${dagId}.${taskId}: ${to ?? 'none'}`, { ...fields, reason });
  } else if (event.kind === 'dag') {
    log.debug(`${event.dagId}: ${event.what}`);
  }
}
