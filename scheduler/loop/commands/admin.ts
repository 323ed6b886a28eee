import { MillraceError } from '../../../kernel/errors.js';
import type { AdminCommands, ConnectionWish } from '../../model/admin-commands.js';
import type { Requester } from '../../model/commands.js';
import { loadPools } from '../../store/loading/load-live.js';
import * as admin from '../../store/transitions/write-admin.js';
import type { Vault } from '../../store/vault.js';
import { emitAssetEvent } from '../asset-events.js';
import type { Turn } from '../turn.js';
import { answerInput } from './answer-input.js';
import { cancelBackfill, createBackfill, setBackfillPaused } from './backfill.js';
import { audit, type CommandDeps } from './commands.js';

/** Names of pools, variables and connections are used in URLs and templates. */
const namePattern = /^[\w.~:@+ -]{1,250}$/;

/** The commands beyond those on DAGs and runs. */
export function createAdminCommands(deps: CommandDeps, vault: Vault): AdminCommands {
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
    setPool: (pool, by) => changePools(deps, by, `set_pool ${checked(pool.name)}`, admin.setPool(pool)),
    deletePool: (name, by) => {
      if (name === 'default_pool') throw new MillraceError('REQUEST_INVALID', 'the default pool cannot be deleted');
      return changePools(deps, by, `delete_pool ${name}`, admin.deletePool(name));
    },
    setVariable: ({ key, value, description }, by) => {
      const sealed = vault.seal(value);
      return change(deps, by, `set_variable ${checked(key)}`, (turn) =>
        admin.setVariable({ key, sealed, description, at: turn.now }),
      );
    },
    deleteVariable: (key, by) => change(deps, by, `delete_variable ${key}`, () => admin.deleteVariable(key)),
    setConnection: (wish, by) => setConnection(deps, vault, wish, by),
    deleteConnection: (id, by) => change(deps, by, `delete_connection ${id}`, () => admin.deleteConnection(id)),
  };
}

function setConnection(deps: CommandDeps, vault: Vault, wish: ConnectionWish, by: Requester): Promise<void> {
  const { password, extra, ...open } = wish;
  const sealed = password === null && extra === null ? null : vault.seal(JSON.stringify({ password, extra }));
  return change(deps, by, `set_connection ${checked(wish.id)}`, (turn) =>
    admin.setConnection({ ...open, sealed, at: turn.now }),
  );
}

function change(
  deps: CommandDeps,
  by: Requester,
  event: string,
  query: (turn: Turn) => ReturnType<typeof admin.deletePool>,
): Promise<void> {
  return deps.request((turn) => {
    turn.write(query(turn));
    audit(turn, by, event);
  });
}

/** Pools are kept in memory as well: read again after the commit, and what waited for them is looked at. */
function changePools(
  deps: CommandDeps,
  by: Requester,
  event: string,
  query: ReturnType<typeof admin.deletePool>,
): Promise<void> {
  return deps.alone(async () => {
    await change(deps, by, event, () => query);
    const pools = (await loadPools(deps.store)).map((pool) => ({
      name: pool.name,
      slots: pool.slots,
      includeDeferred: pool.include_deferred === 1,
    }));
    await deps.request((turn) => turn.live.board.setPools(pools, turn.live.deferred.values()));
  });
}

function checked(name: string): string {
  if (namePattern.test(name)) return name;
  throw new MillraceError('REQUEST_INVALID', `${JSON.stringify(name)} cannot be a name`, {
    hint: 'Use letters, digits, spaces and . ~ : @ + - _.',
  });
}
