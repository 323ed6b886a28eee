import type { JsonObject } from '../../../kernel/json.js';
import type { Instant } from '../../../kernel/time.js';
import type { AssetRef } from '../../model/dag.js';
import { database } from '../database.js';
import { ask, run, type Script } from '../driver.js';
import { ensureAsset } from './write-dag.js';

/** Keeps an event of an asset, and queues the asset for the DAGs that wait for it. */
export function* addAssetEvent(event: {
  asset: AssetRef;
  extra: JsonObject;
  source: { dagId: string; runId: string; taskId: string; mapIndex: number } | null;
  consumers: string[];
  at: Instant;
}): Script<void> {
  const assetId = yield* ensureAsset(event.asset, event.at);
  yield* run(
    database
      .insertInto('asset_event')
      .values({
        asset_id: assetId,
        at: event.at,
        extra_json: JSON.stringify(event.extra),
        source_dag_id: event.source?.dagId ?? null,
        source_run_id: event.source?.runId ?? null,
        source_task_id: event.source?.taskId ?? null,
        source_map_index: event.source?.mapIndex ?? null,
      })
      .compile(),
  );
  for (const dagId of event.consumers) {
    yield* run(
      database
        .insertInto('asset_dag_run_queue')
        .values({ asset_id: assetId, dag_id: dagId, at: event.at })
        .onConflict((conflict) => conflict.columns(['dag_id', 'asset_id']).doUpdateSet({ at: event.at }))
        .compile(),
    );
  }
}

/** Links a run with the events that brought it about: those since the first that was queued, that no run had before. */
export function* consumeAssetEvents(of: {
  dagId: string;
  dagRunId: number;
  uris: string[];
  since: Instant;
}): Script<void> {
  const events = yield* ask(
    database
      .selectFrom('asset_event as event')
      .innerJoin('asset', 'asset.id', 'event.asset_id')
      .select('event.id')
      .where('asset.uri', 'in', of.uris)
      .where('event.at', '>=', of.since)
      .where((e) =>
        e.not(
          e.exists(
            e
              .selectFrom('asset_event_dag_run as used')
              .innerJoin('dag_run', 'dag_run.id', 'used.dag_run_id')
              .select('used.asset_event_id')
              .whereRef('used.asset_event_id', '=', 'event.id')
              .where('dag_run.dag_id', '=', of.dagId),
          ),
        ),
      )
      .compile(),
  );
  for (const { id } of events) {
    yield* run(
      database.insertInto('asset_event_dag_run').values({ asset_event_id: id, dag_run_id: of.dagRunId }).compile(),
    );
  }
}

export function* clearAssetQueue(dagId: string): Script<void> {
  yield* run(database.deleteFrom('asset_dag_run_queue').where('dag_id', '=', dagId).compile());
}
