import type { Json } from '../../kernel/json.js';
import type { Instant } from '../../kernel/time.js';
import type { AttemptCall } from '../model/attempt.js';
import { database } from '../store/database.js';
import type { StoreDriver } from '../store/driver.js';
import type { Secrets } from '../store/secrets.js';
import { deleteVariable, setVariable } from '../store/transitions/write-admin.js';
import type { Vault } from '../store/vault.js';
import { answerAssetCall } from './asset-calls.js';
import type { AttemptSettings } from './attempt-events.js';
import type { Turn } from './turn.js';
import { getXCom, setXCom } from './xcom-calls.js';

export interface CallDeps {
  store: StoreDriver;
  vault: Vault;
  secrets: Secrets;
  settings: AttemptSettings;
  /** Changes something in a turn, and resolves after the commit; rejects when the attempt is no longer the current one. */
  change(apply: (turn: Turn) => void): Promise<void>;
}

/** Answers a call that a running attempt makes. What it writes is dropped when the attempt is no longer the current one. */
export async function answerCall(deps: CallDeps, call: AttemptCall): Promise<Json | undefined> {
  switch (call.method) {
    case 'getXCom':
      return getXCom(deps.store, call);
    case 'setXCom':
      return setXCom(deps, call);
    case 'getVariable':
      return deps.secrets.variable(call.key);
    case 'setVariable': {
      const { key, value, description } = call;
      const sealed = deps.vault.seal(value);
      await deps.change((turn) => turn.write(setVariable({ key, sealed, description, at: turn.now })));
      return undefined;
    }
    case 'deleteVariable':
      await deps.change((turn) => turn.write(deleteVariable(call.key)));
      return undefined;
    case 'getConnection':
      return (await deps.secrets.connection(call.id)) as Json | undefined;
    case 'getTaskStates':
      return getTaskStates(deps.store, call.dagId, call.runId);
    case 'getDagRun':
      return getDagRun(deps.store, call.dagId, call.runId);
    case 'findDagRun':
      return findDagRun(deps.store, call.dagId, call.logicalDate);
    case 'getTaskResults':
      return getTaskResults(deps.store, call.dagId, call.runId);
    default:
      return answerAssetCall(deps, call);
  }
}

async function getTaskStates(store: StoreDriver, dagId: string, runId: string): Promise<Json> {
  const rows = await readInstances(store, dagId, runId);
  return Object.fromEntries(rows.map((row) => [nameOf(row.task_id, row.map_index), row.state]));
}

/** A run as a DagRunSummary; undefined when there is none. */
export async function getDagRun(store: StoreDriver, dagId: string, runId: string): Promise<Json | undefined> {
  const [row] = await store.read(
    database
      .selectFrom('dag_run')
      .select(['dag_id', 'run_id', 'state'])
      .where('dag_id', '=', dagId)
      .where('run_id', '=', runId)
      .compile(),
  );
  return row ? { dagId: row.dag_id, runId: row.run_id, state: row.state } : undefined;
}

async function findDagRun(store: StoreDriver, dagId: string, logicalDate: Instant): Promise<Json | undefined> {
  const [row] = await store.read(
    database
      .selectFrom('dag_run')
      .select(['dag_id', 'run_id', 'state'])
      .where('dag_id', '=', dagId)
      .where('logical_date', '=', logicalDate)
      .compile(),
  );
  return row ? { dagId: row.dag_id, runId: row.run_id, state: row.state } : undefined;
}

async function getTaskResults(store: StoreDriver, dagId: string, runId: string): Promise<Json> {
  const rows = await readInstances(store, dagId, runId);
  return rows.map((row) => ({
    taskId: row.task_id,
    mapIndex: row.map_index,
    state: row.state,
    tryNumber: row.try_number,
    startedAt: row.started_at as Instant | null,
    endedAt: row.ended_at as Instant | null,
    error: row.error,
    details: row.details_json === null ? {} : (JSON.parse(row.details_json) as Json),
  }));
}

function readInstances(store: StoreDriver, dagId: string, runId: string) {
  return store.read(
    database
      .selectFrom('task_instance as ti')
      .innerJoin('dag_run as run', 'run.id', 'ti.dag_run_id')
      .leftJoin('task_instance_detail as detail', (join) =>
        join.onRef('detail.task_instance_id', '=', 'ti.id').onRef('detail.try_number', '=', 'ti.try_number'),
      )
      .select([
        'ti.task_id',
        'ti.map_index',
        'ti.state',
        'ti.try_number',
        'ti.started_at',
        'ti.ended_at',
        'ti.error',
        'detail.details_json',
      ])
      .where('run.dag_id', '=', dagId)
      .where('run.run_id', '=', runId)
      .orderBy('ti.id')
      .compile(),
  );
}

function nameOf(taskId: string, mapIndex: number): string {
  return mapIndex < 0 ? taskId : `${taskId}[${mapIndex}]`;
}
