import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { MillraceError } from '../../kernel/errors.js';
import type { Json, JsonObject } from '../../kernel/json.js';
import { ManualClock } from '../../kernel/time.js';
import type { Dag } from '../dag/dag.js';
import { HookPool } from '../dag/hook-pool.js';
import { resolveFiles } from '../dag/resolve-files.js';
import { momentOf } from '../dag/schedule.js';
import { serializeDag } from '../dag/serialize.js';
import type { AttemptError, EmailDraft, TriggerRequest } from '../model/attempt.js';
import type { SerializedDag } from '../model/dag.js';
import type { DagRunState, TaskInstanceState } from '../model/states.js';
import { captureConsole, InProcessExecutor, type TestedAttempt } from './in-process-executor.js';
import type { TestedInstance } from './test-scheduler.js';

export interface TestDagOptions {
  conf?: JsonObject;
  /** Values of the params, checked against the DAG's schema. */
  params?: JsonObject;
  /** ISO time; without it the run has no logical date. */
  logicalDate?: string;
  /** Connections by id: URLs, such as `{ warehouse: 'postgresql://…', lake: 'file:///tmp/lake' }`. */
  connections?: Record<string, string>;
  variables?: Record<string, string>;
  /** Where other connections and variables are found, as `AIRFLOW_CONN_<ID>` and `AIRFLOW_VAR_<KEY>`: `process.env`. */
  environment?: Record<string, string | undefined>;
  /** Only these tasks run; the others succeed at once and return what `returns` says. */
  only?: string[];
  /** Return values of tasks that do not run. */
  returns?: Record<string, Json>;
  /** Where relative paths of SQL projects and templates are looked up; the working directory. */
  baseFolder?: string;
}

export interface TestedTask {
  state: TaskInstanceState | null;
  tryNumber: number;
  returnValue: Json | undefined;
  /** What the instance of a mapped task is called by `mapIndexTemplate`; null for its number. */
  renderedMapIndex: string | null;
  /** Its log as text, a level before each entry. */
  log: string;
  error: AttemptError | null;
}

export interface TestedRun {
  /** `running` when a task waits for something that never comes in a test, such as a person. */
  state: DagRunState;
  /** By task id, `load[0]` for the instances of a mapped task. */
  tasks: Record<string, TestedTask>;
  /** E-mails that would be sent. */
  emails: EmailDraft[];
  /** Runs of other DAGs that would be started. */
  triggered: TriggerRequest[];
}

const xcomBytesMax = 1024 * 1024;

/**
 * Runs a whole DAG in this process, with the scheduler's own rules, and returns what became of it. Needs no server and
 * no database; retry delays and sensors' intervals pass at once. Throws DAG_INVALID as an import would.
 */
export async function testDag(dag: Dag, options: TestDagOptions = {}): Promise<TestedRun> {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-test-dag-'));
  const endCapture = captureConsole();
  try {
    return await runIn(folder, dag, options);
  } finally {
    endCapture();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function runIn(folder: string, dag: Dag, options: TestDagOptions): Promise<TestedRun> {
  const { projects } = await resolveFiles([dag], join(options.baseFolder ?? process.cwd(), 'dag.ts'));
  for (const { groupId, files } of projects) {
    for (const [name, path] of files) {
      const link = join(folder, groupId, name);
      mkdirSync(dirname(link), { recursive: true });
      symlinkSync(path, link);
    }
  }
  const serialized = serializeDag(dag);
  refuseUnknown(serialized, options);
  const clock = new ManualClock(Date.now());
  const connections = Object.fromEntries(Object.entries(options.connections ?? {}).map(([id, url]) => [id, { url }]));
  const hooks = new HookPool(connections);
  const executor = new InProcessExecutor({
    dag,
    clock,
    hooks,
    folder,
    xcomBytesMax,
    only: options.only ? new Set(options.only) : null,
    returns: options.returns ?? {},
    variables: new Map(Object.entries(options.variables ?? {})),
  });
  const { createTestScheduler } = await import('./test-scheduler.js');
  const { scheduler, triggerer, store } = createTestScheduler(join(folder, 'metadata.db'), clock, executor, {
    xcomBytesMax,
    connections,
    environment: options.environment ?? {},
  });
  executor.listener = scheduler.listener;
  try {
    await scheduler.start();
    triggerer.start();
    await scheduler.saveImports({
      files: [{ fileloc: 'test.ts', bundleHash: 'test', dags: [untimed(serialized)], source: '' }],
      errors: [],
      removed: [],
    });
    const { runId } = await scheduler.commands.triggerDagRun(
      {
        dagId: dag.dagId,
        runId: null,
        logicalDate: momentOf('logicalDate', options.logicalDate, serialized.timezone),
        dataInterval: null,
        runAfter: null,
        conf: { ...options.conf, ...options.params },
        note: null,
      },
      { user: 'test', via: 'test' },
    );
    const state = await driveToEnd(dag.dagId, runId);
    return collect(state, await store.readStates(dag.dagId, runId), executor.attempts);
  } finally {
    await triggerer.stop();
    await scheduler.stop(0);
    await store.close();
    await hooks.close();
  }

  /** Lets the run go on, and moves the clock whenever everybody waits for it. */
  async function driveToEnd(dagId: string, runId: string): Promise<DagRunState> {
    for (;;) {
      await settled();
      const state = await store.readRunState(dagId, runId);
      if (state === 'success' || state === 'failed') return state;
      if (executor.isBusy) {
        await executor.changed();
        continue;
      }
      const next = clock.nextTimerAt();
      if (next === undefined) return state;
      clock.advanceTo(next);
    }
  }

  async function settled(): Promise<void> {
    // Handing out an attempt reads its inputs first: let that happen before the last look.
    for (let round = 0; round < 3; round++) {
      await new Promise(setImmediate);
      await triggerer.idle();
      await scheduler.idle();
    }
  }
}

/** The same DAG without what would start runs by themselves. */
function untimed(dag: SerializedDag): SerializedDag {
  return { ...dag, schedule: { kind: 'none' }, catchup: false, isPausedUponCreation: false };
}

function refuseUnknown(dag: SerializedDag, { only = [], returns = {} }: TestDagOptions): void {
  const known = new Set(dag.tasks.map((task) => task.taskId));
  const unknown = [...only, ...Object.keys(returns)].find((taskId) => !known.has(taskId));
  if (unknown === undefined) return;
  throw new MillraceError('DAG_INVALID', `Dag "${dag.dagId}" has no task "${unknown}"`, {
    hint: `Its tasks are ${[...known].join(', ')}.`,
  });
}

function collect(state: DagRunState, instances: TestedInstance[], attempts: TestedAttempt[]): TestedRun {
  const tasks = instances.map(({ taskId, mapIndex, state: taskState, tryNumber, error }): [string, TestedTask] => {
    const own = attempts.filter(({ request }) => request.taskId === taskId && request.mapIndex === mapIndex);
    const last = own.at(-1)?.report;
    const outcome = last?.outcome;
    return [
      mapIndex < 0 ? taskId : `${taskId}[${mapIndex}]`,
      {
        state: taskState,
        tryNumber,
        renderedMapIndex: last?.effects.renderedMapIndex ?? null,
        returnValue: last?.effects.xcoms.find(({ key }) => key === 'return_value')?.value,
        log: own.flatMap(({ log }) => log).join('\n'),
        error: outcome?.state === 'failed' ? outcome.error : errorOf(error),
      },
    ];
  });
  const effects = attempts.flatMap(({ report }) => report?.effects ?? []);
  return {
    state,
    tasks: Object.fromEntries(tasks),
    emails: effects.flatMap(({ emails }) => emails),
    triggered: effects.flatMap(({ triggers }) => triggers),
  };
}

/** The error of a task that failed without an attempt of its own, such as one whose trigger could never fire. */
function errorOf(line: string | null): AttemptError | null {
  if (line === null) return null;
  const [type = '', ...message] = line.split(': ');
  return { type, message: message.join(': '), stack: null };
}
