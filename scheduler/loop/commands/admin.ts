import type { AdminCommands } from '../../model/admin-commands.js';
import type { Secrets } from '../../store/secrets.js';
import type { Vault } from '../../store/vault.js';
import { emitAssetEvent } from '../asset-events.js';
import { answerInput } from './answer-input.js';
import { cancelBackfill, createBackfill, setBackfillPaused } from './backfill.js';
import { audit, type CommandDeps } from './commands.js';
import { deleteConnection, setConnection } from './set-connection.js';
import { deletePool, setPool } from './set-pool.js';
import { deleteVariable, setVariable } from './set-variable.js';

/** What sets connections and variables needs besides. */
export interface SecretDeps {
  vault: Vault;
  secrets: Secrets;
}

/** The commands beyond those on DAGs and runs. */
export function createAdminCommands(deps: CommandDeps, secrets: SecretDeps): AdminCommands {
  return {
    answerInput: (key, answer, by) => answerInput(deps, key, answer, by),
    createBackfill: (request, by) => createBackfill(deps, request, by),
    setBackfillPaused: (backfillId, paused, by) => setBackfillPaused(deps, backfillId, paused, by),
    cancelBackfill: (backfillId, by) => cancelBackfill(deps, backfillId, by),
    emitAssetEvent: (asset, extra, by) =>
      deps.request((turn) => {
        emitAssetEvent(turn, asset, extra, null);
        audit(turn, by, 'asset_event', { extra: { uri: asset.uri } });
      }),
    setPool: (change, by, mode = 'upsert') => setPool(deps, change, by, mode),
    deletePool: (name, by) => deletePool(deps, name, by),
    setVariable: (change, by, mode = 'upsert') => setVariable(deps, secrets, change, by, mode),
    deleteVariable: (key, by) => deleteVariable(deps, key, by),
    setConnection: (change, by, mode = 'upsert') => setConnection(deps, secrets, change, by, mode),
    deleteConnection: (id, by) => deleteConnection(deps, id, by),
  };
}
