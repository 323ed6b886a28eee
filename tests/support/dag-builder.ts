import type { SerializedDag, SerializedTask } from '../../scheduler/model/dag.js';
import { newTask } from '../../scheduler/model/new-task.js';

type TaskWish = Partial<SerializedTask> & { taskId: string };

/** A DAG with the defaults of the authoring API; `edges` as in `a>b>c`. */
export function dag(wish: Partial<Omit<SerializedDag, 'tasks'>> & { dagId: string; tasks: TaskWish[] }): SerializedDag {
  return {
    displayName: wish.dagId,
    description: null,
    docMd: null,
    owner: 'airflow',
    tags: [],
    schedule: { kind: 'none' },
    timezone: 'UTC',
    startDate: null,
    endDate: null,
    catchup: false,
    maxActiveRuns: 16,
    maxActiveTasks: 16,
    maxConsecutiveFailedDagRuns: 0,
    dagrunTimeoutMs: null,
    failFast: false,
    isPausedUponCreation: false,
    paramsSchema: null,
    email: [],
    callbacks: { onSuccess: false, onFailure: false, onRetry: false },
    deadline: null,
    renderTemplateAsNativeObj: false,
    groups: [],
    ...wish,
    tasks: wish.tasks.map(newTask),
  };
}

/** Tasks in a chain: each follows the one before. */
export function chain(length: number, wish: Partial<SerializedTask> = {}): TaskWish[] {
  return Array.from({ length }, (_, at) => ({ ...wish, taskId: `t${at}`, upstream: at === 0 ? [] : [`t${at - 1}`] }));
}
