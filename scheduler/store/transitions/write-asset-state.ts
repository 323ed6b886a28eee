import type { CompiledQuery } from 'kysely';
import { database } from '../database.js';
import type { AssetStateTable } from '../schema.js';

/** Sets a value that tasks keep of an asset, whether it was there or not. */
export function setAssetState(row: AssetStateTable): CompiledQuery {
  return database
    .insertInto('asset_state')
    .values(row)
    .onConflict((conflict) =>
      conflict.columns(['asset_id', 'key']).doUpdateSet({ value_json: row.value_json, updated_at: row.updated_at }),
    )
    .compile();
}

/** Removes one value, or all of the asset when the key is null. */
export function deleteAssetState(assetId: number, key: string | null): CompiledQuery {
  const all = database.deleteFrom('asset_state').where('asset_id', '=', assetId);
  return (key === null ? all : all.where('key', '=', key)).compile();
}
