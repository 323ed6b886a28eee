import { sql } from 'kysely';
import { database } from '../database.js';

/** Assets with when they were last updated and how often. */
export function listAssets(page: { limit: number; offset: number }) {
  return database
    .selectFrom('asset')
    .select([
      'asset.id',
      'asset.name',
      'asset.uri',
      'asset.created_at',
      sql<number | null>`(select max(at) from asset_event where asset_event.asset_id = asset.id)`.as('updated_at'),
      sql<number>`(select count(*) from asset_event where asset_event.asset_id = asset.id)`.as('events'),
    ])
    .orderBy('asset.name')
    .limit(page.limit)
    .offset(page.offset)
    .compile();
}

export function countAssets() {
  return database
    .selectFrom('asset')
    .select(({ fn }) => fn.countAll<number>().as('total'))
    .compile();
}

/** Which DAGs wait for, write and read the assets. */
export function assetReferences() {
  return database.selectFrom('asset_reference').selectAll().orderBy('asset_id').limit(20_000).compile();
}

export function assetEvents(assetId: number | undefined, limit: number) {
  let query = database
    .selectFrom('asset_event')
    .innerJoin('asset', 'asset.id', 'asset_event.asset_id')
    .selectAll('asset_event')
    .select(['asset.name', 'asset.uri']);
  if (assetId !== undefined) query = query.where('asset_event.asset_id', '=', assetId);
  return query.orderBy('asset_event.id', 'desc').limit(limit).compile();
}
