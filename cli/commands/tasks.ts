import { ask, print, secondsBetween } from '../ask.js';
import { textTable } from '../table.js';

interface TaskLine {
  task_id: string;
  map_index: number;
  state: string | null;
  try_number: number;
  started_at: number | null;
  ended_at: number | null;
  reason: string | null;
  error: string | null;
}

export async function listTasks(dagId: string, runId: string | undefined, options: { json?: boolean }): Promise<void> {
  if (!options.json) return printTasks(dagId, runId);
  print(JSON.stringify(await ask<TaskLine[]>('tasks', { dagId, runId: runId ?? null }), null, 2));
}

export async function printTasks(dagId: string, runId: string | undefined): Promise<void> {
  const tasks = await ask<TaskLine[]>('tasks', { dagId, runId: runId ?? null });
  const rows = tasks.map((task) => [
    taskName(task),
    task.state ?? 'none',
    task.try_number,
    secondsBetween(task.started_at, task.ended_at),
    task.error ?? (task.state === 'success' ? '' : (task.reason ?? '')),
  ]);
  print(textTable(['task', 'state', 'try', 'took', 'why'], rows, ''));
}

export interface ClearOptions {
  run?: string;
  onlyFailed?: boolean;
  downstream?: boolean;
  upstream?: boolean;
  dryRun?: boolean;
}

export async function clearTasks(dagId: string, taskIds: string[], { run, ...options }: ClearOptions): Promise<void> {
  const cleared = await ask<{ taskId: string; mapIndex: number }[]>('clear', {
    dagId,
    taskIds,
    runId: run ?? null,
    ...options,
  });
  for (const { taskId, mapIndex } of cleared) print(taskName({ task_id: taskId, map_index: mapIndex }));
  print(`${cleared.length} task instances ${options.dryRun ? 'would be' : 'are'} cleared.`);
}

export async function markTask(
  dagId: string,
  taskId: string,
  state: string,
  options: { run?: string; mapIndex?: number },
): Promise<void> {
  const params = { dagId, taskId, state, runId: options.run ?? null, mapIndex: options.mapIndex ?? null };
  const marked = await ask<unknown[]>('mark', params);
  print(`${marked.length} task instances are marked ${state}.`);
}

export async function explainTask(
  dagId: string,
  taskId: string,
  options: { run?: string; mapIndex?: number },
): Promise<void> {
  const { summary, reasons } = await ask<{ summary: string; reasons: { text: string }[] }>('explain', {
    dagId,
    taskId,
    runId: options.run ?? null,
    ...(options.mapIndex === undefined ? {} : { mapIndex: options.mapIndex }),
  });
  print(summary);
  for (const { text } of reasons) if (text !== summary) print(`- ${text}`);
}

function taskName({ task_id, map_index }: { task_id: string; map_index: number }): string {
  return map_index < 0 ? task_id : `${task_id}[${map_index}]`;
}
