import { MillraceError } from '../../kernel/errors.js';
import type { Json } from '../../kernel/json.js';
import { literalLength } from '../decide/expansion.js';
import type { AttemptCall } from '../model/attempt.js';
import { database } from '../store/database.js';
import type { StoreDriver } from '../store/driver.js';
import { setXCom as storeXCom } from '../store/transitions/write-effects.js';
import type { CallDeps } from './calls.js';
import type { Turn } from './turn.js';

type Get = Extract<AttemptCall, { method: 'getXCom' }>;
type Set = Extract<AttemptCall, { method: 'setXCom' }>;

/** An XCom; with `includePriorDates`, that of the latest run before when the run itself has none. */
export async function getXCom(store: StoreDriver, call: Get): Promise<Json | undefined> {
  const found = xcoms(call).where('dag_run.run_id', '=', call.runId).limit(1).compile();
  const [own] = await store.read(found);
  if (own) return JSON.parse(own.value_json) as Json;
  if (!call.includePriorDates) return undefined;
  const [run] = await store.read(
    database
      .selectFrom('dag_run')
      .select('logical_date')
      .where('dag_id', '=', call.dagId)
      .where('run_id', '=', call.runId)
      .compile(),
  );
  if (run?.logical_date == null) return undefined;
  const [prior] = await store.read(
    xcoms(call)
      .where('dag_run.logical_date', '<', run.logical_date)
      .orderBy('dag_run.logical_date', 'desc')
      .limit(1)
      .compile(),
  );
  return prior ? (JSON.parse(prior.value_json) as Json) : undefined;
}

function xcoms(of: { dagId: string; taskId: string; mapIndex: number; key: string }) {
  return database
    .selectFrom('xcom')
    .innerJoin('dag_run', 'dag_run.id', 'xcom.dag_run_id')
    .select('xcom.value_json')
    .where('dag_run.dag_id', '=', of.dagId)
    .where('xcom.task_id', '=', of.taskId)
    .where('xcom.map_index', '=', of.mapIndex)
    .where('xcom.key', '=', of.key);
}

/** Sets an XCom of the attempt's own task instance, or of another one. */
export async function setXCom(deps: CallDeps, call: Set): Promise<undefined> {
  const text = JSON.stringify(call.value);
  const bytes = Buffer.byteLength(text);
  if (bytes > deps.settings.xcomBytesMax) {
    throw new MillraceError(
      'REQUEST_INVALID',
      `XCom ${call.key} has ${bytes} bytes, and ${deps.settings.xcomBytesMax} is the most`,
      { hint: 'Put it into the object store and keep its key.' },
    );
  }
  const dagRunId = await findInstance(deps.store, call);
  await deps.change((turn) => {
    turn.write(
      storeXCom({
        dag_run_id: dagRunId,
        task_id: call.taskId,
        map_index: call.mapIndex,
        key: call.key,
        value_json: text,
        at: turn.now,
      }),
    );
    if (call.key === 'return_value') noteLength(turn, call);
  });
}

/** Others may be mapped over the value: how long it is, is known to the decisions. */
function noteLength(turn: Turn, call: Set): void {
  const run = turn.live.findRun(call.dagId, call.runId);
  const index = run?.plan.indexOf.get(call.taskId);
  const instance = run && index !== undefined ? run.instance(index, call.mapIndex) : undefined;
  if (instance) instance.returnLength = literalLength(call.value);
}

/** The row id of the run that the task instance is of. */
async function findInstance(store: StoreDriver, call: Set): Promise<number> {
  const [row] = await store.read(
    database
      .selectFrom('task_instance as ti')
      .innerJoin('dag_run as run', 'run.id', 'ti.dag_run_id')
      .select('run.id')
      .where('run.dag_id', '=', call.dagId)
      .where('run.run_id', '=', call.runId)
      .where('ti.task_id', '=', call.taskId)
      .where('ti.map_index', '=', call.mapIndex)
      .compile(),
  );
  if (row) return row.id;
  const index = call.mapIndex < 0 ? '' : `[${call.mapIndex}]`;
  throw new MillraceError(
    'TASK_INSTANCE_NOT_FOUND',
    `there is no ${call.dagId}.${call.taskId}${index} in the run ${call.runId}`,
  );
}
