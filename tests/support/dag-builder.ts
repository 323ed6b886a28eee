import type { SerializedDag, SerializedTask } from '../../scheduler/model/dag.js';

type TaskWish = Partial<SerializedTask> & { taskId: string };

/** A task with the defaults of the authoring API. */
export function task(wish: TaskWish): SerializedTask {
  return {
    displayName: wish.taskId,
    groupId: null,
    operator: 'typescript',
    kindLabel: null,
    docMd: null,
    owner: 'airflow',
    upstream: [],
    inputs: {},
    options: {},
    expand: null,
    triggerRule: 'all_success',
    dependsOnPast: false,
    ignoreFirstDependsOnPast: false,
    waitForDownstream: false,
    retries: 0,
    retryDelayMs: 300_000,
    retryExponentialBackoff: 0,
    maxRetryDelayMs: null,
    executionTimeoutMs: null,
    startDate: null,
    endDate: null,
    pool: 'default_pool',
    poolSlots: 1,
    queue: 'default',
    priorityWeight: 1,
    weightRule: 'downstream',
    maxActiveTisPerDag: null,
    maxActiveTisPerDagrun: null,
    doXcomPush: true,
    returnsDagResult: false,
    emailOnFailure: false,
    emailOnRetry: false,
    mapIndexTemplate: null,
    memoryLimitMb: null,
    isSetup: false,
    isTeardown: false,
    onFailureFailDagrun: false,
    setups: [],
    branches: [],
    outlets: [],
    inlets: [],
    ...wish,
  };
}

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
    tasks: wish.tasks.map(task),
  };
}

/** Tasks in a chain: each follows the one before. */
export function chain(length: number, wish: Partial<SerializedTask> = {}): TaskWish[] {
  return Array.from({ length }, (_, at) => ({ ...wish, taskId: `t${at}`, upstream: at === 0 ? [] : [`t${at - 1}`] }));
}
