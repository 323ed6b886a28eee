import { ask, print, secondsBetween } from '../ask.js';
import { textTable } from '../table.js';

interface TaskLine {
  task_id: string;
  map_index: number;
  rendered_map_index: string | null;
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
    task.rendered_map_index === null ? taskName(task) : `${taskName(task)} ${task.rendered_map_index}`,
    task.state ?? 'none',
    task.try_number,
    secondsBetween(task.started_at, task.ended_at),
    task.error ?? (task.state === 'success' ? '' : (task.reason ?? '')),
  ]);
  print(textTable(['task', 'state', 'try', 'took', 'why'], rows, ''));
}

interface AroundOptions {
  run?: string;
  mapIndex?: number;
  downstream?: boolean;
  upstream?: boolean;
  past?: boolean;
  future?: boolean;
  dryRun?: boolean;
}

export interface ClearOptions extends AroundOptions {
  onlyFailed?: boolean;
  onlyRunning?: boolean;
  latestVersion?: boolean;
}

export async function clearTasks(dagId: string, taskIds: string[], { run, ...options }: ClearOptions): Promise<void> {
  const cleared = await ask<Meant[]>('clear', { dagId, taskIds, runId: run ?? null, ...options });
  printMeant(cleared);
  print(`${cleared.length} task instances ${options.dryRun ? 'would be' : 'are'} cleared.`);
}

export async function markTask(
  dagId: string,
  taskId: string,
  state: string,
  { run, mapIndex, ...options }: AroundOptions,
): Promise<void> {
  const marked = await ask<Meant[]>('mark', {
    dagId,
    taskId,
    state,
    runId: run ?? null,
    mapIndex: mapIndex ?? null,
    ...options,
  });
  printMeant(marked);
  print(`${marked.length} task instances ${options.dryRun ? 'would be' : 'are'} marked ${state}.`);
}

interface Meant {
  runId: string;
  taskId: string;
  mapIndex: number;
}

/** Which task instances are meant; with their runs when there are several. */
function printMeant(meant: Meant[]): void {
  const hasRuns = new Set(meant.map((one) => one.runId)).size > 1;
  for (const { runId, taskId, mapIndex } of meant) {
    const name = taskName({ task_id: taskId, map_index: mapIndex });
    print(hasRuns ? `${runId} ${name}` : name);
  }
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
