import { MillraceError } from '../../kernel/errors.js';
import type { Json } from '../../kernel/json.js';
import { toIso } from '../../kernel/time.js';
import type { AssetCall, AssetName } from '../model/attempt.js';
import { database } from '../store/database.js';
import type { StoreDriver } from '../store/driver.js';
import { deleteAssetState, setAssetState } from '../store/transitions/write-asset-state.js';
import type { CallDeps } from './calls.js';

/** No attempt is told of more events at once. */
const eventsMax = 1_000;

/** Answers what an attempt asks about assets. */
export async function answerAssetCall(deps: CallDeps, call: AssetCall): Promise<Json | undefined> {
  if (call.method === 'getTriggeringAssetEvents') return triggeringEvents(deps.store, call);
  const assetId = await findAsset(deps.store, call.asset);
  switch (call.method) {
    case 'getInletEvents':
      return assetId === undefined ? [] : inletEvents(deps.store, assetId, call);
    case 'getAssetState':
      return assetId === undefined ? undefined : assetState(deps.store, assetId, call.key);
    case 'setAssetState':
      return writeState(deps, known(assetId, call.asset), call.key, call.value);
    case 'deleteAssetState':
      if (assetId !== undefined) await deps.change((turn) => turn.write(deleteAssetState(assetId, call.key)));
      return undefined;
  }
}

async function findAsset(store: StoreDriver, { name, uri }: AssetName): Promise<number | undefined> {
  const query = database.selectFrom('asset').select('id');
  const [row] = await store.read(
    (name === undefined ? query.where('uri', '=', uri ?? '') : query.where('name', '=', name)).compile(),
  );
  return row?.id;
}

function known(assetId: number | undefined, { name, uri }: AssetName): number {
  if (assetId !== undefined) return assetId;
  throw new MillraceError('ASSET_NOT_FOUND', `there is no asset ${name ?? uri}`, {
    hint: 'Name it in the outlets or inlets of a task, or in the schedule of a DAG.',
  });
}

async function assetState(store: StoreDriver, assetId: number, key: string): Promise<Json | undefined> {
  const [row] = await store.read(
    database
      .selectFrom('asset_state')
      .select('value_json')
      .where('asset_id', '=', assetId)
      .where('key', '=', key)
      .compile(),
  );
  return row ? (JSON.parse(row.value_json) as Json) : undefined;
}

async function writeState(deps: CallDeps, assetId: number, key: string, value: Json): Promise<undefined> {
  const text = JSON.stringify(value);
  const bytes = Buffer.byteLength(text);
  if (bytes > deps.settings.xcomBytesMax) {
    throw new MillraceError(
      'REQUEST_INVALID',
      `the state ${key} has ${bytes} bytes, and ${deps.settings.xcomBytesMax} is the most`,
      { hint: 'Put it into the object store and keep its key.' },
    );
  }
  await deps.change((turn) =>
    turn.write(setAssetState({ asset_id: assetId, key, value_json: text, updated_at: turn.now })),
  );
}

/** The events that a run of a DAG with an asset schedule was made for, oldest first. */
async function triggeringEvents(store: StoreDriver, of: { dagId: string; runId: string }): Promise<Json> {
  const rows = await store.read(
    eventRows()
      .innerJoin('asset_event_dag_run as used', 'used.asset_event_id', 'event.id')
      .innerJoin('dag_run', 'dag_run.id', 'used.dag_run_id')
      .where('dag_run.dag_id', '=', of.dagId)
      .where('dag_run.run_id', '=', of.runId)
      .orderBy('event.id')
      .limit(eventsMax)
      .compile(),
  );
  return rows.map(eventOf);
}

/** The latest events of an asset, oldest first. */
async function inletEvents(
  store: StoreDriver,
  assetId: number,
  { after, before, limit }: Extract<AssetCall, { method: 'getInletEvents' }>,
): Promise<Json> {
  let query = eventRows().where('event.asset_id', '=', assetId);
  if (after !== null) query = query.where('event.at', '>=', after);
  if (before !== null) query = query.where('event.at', '<=', before);
  const rows = await store.read(
    query
      .orderBy('event.id', 'desc')
      .limit(Math.min(limit ?? eventsMax, eventsMax))
      .compile(),
  );
  return rows.reverse().map(eventOf);
}

function eventRows() {
  return database
    .selectFrom('asset_event as event')
    .innerJoin('asset', 'asset.id', 'event.asset_id')
    .select([
      'asset.name',
      'asset.uri',
      'event.at',
      'event.extra_json',
      'event.source_dag_id',
      'event.source_run_id',
      'event.source_task_id',
      'event.source_map_index',
    ]);
}

interface EventRow {
  name: string;
  uri: string;
  at: number;
  extra_json: string;
  source_dag_id: string | null;
  source_run_id: string | null;
  source_task_id: string | null;
  source_map_index: number | null;
}

function eventOf(row: EventRow): Json {
  return {
    asset: { name: row.name, uri: row.uri },
    timestamp: toIso(row.at),
    extra: JSON.parse(row.extra_json) as Json,
    source:
      row.source_dag_id === null
        ? null
        : {
            dagId: row.source_dag_id,
            runId: row.source_run_id,
            taskId: row.source_task_id,
            mapIndex: row.source_map_index ?? -1,
          },
  };
}
