import type { Migration } from '../migrate.js';

/** What tasks keep of an asset from run to run, such as how far it has been read. */
export const assetState: Migration = {
  version: 3,
  name: 'asset state',
  statements: ({ integer, strict }) => [
    `create table asset_state (
      asset_id ${integer} not null references asset on delete cascade,
      key text not null,
      value_json text not null,
      updated_at ${integer} not null,
      primary key (asset_id, key)
    )${strict}`,
  ],
};
