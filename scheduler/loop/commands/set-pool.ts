import type { CompiledQuery } from 'kysely';
import { MillraceError } from '../../../kernel/errors.js';
import type { PoolChange, SetMode } from '../../model/admin-commands.js';
import type { Requester } from '../../model/commands.js';
import { loadPools } from '../../store/loading/load-live.js';
import { poolRow } from '../../store/queries/secrets.js';
import * as write from '../../store/transitions/write-admin.js';
import { audit, type CommandDeps } from './commands.js';
import { checkedName } from './names.js';

const defaultPool = 'default_pool';

/** Makes a pool or changes it. */
export function setPool(deps: CommandDeps, change: PoolChange, by: Requester, mode: SetMode): Promise<void> {
  const name = checkedName(change.name);
  return deps.alone(async () => {
    const [row] = await deps.store.read(poolRow(name));
    if (row && mode === 'create') throw new MillraceError('POOL_EXISTS', `there is a pool "${name}" already`);
    if (!row && mode === 'update') throw notFound(name);
    const slots = change.slots ?? row?.slots;
    if (slots === undefined || !Number.isInteger(slots) || slots < -1) {
      throw new MillraceError(
        'REQUEST_INVALID',
        `pool "${name}" cannot have ${slots ?? 'an unknown number of'} slots`,
        {
          hint: 'Give a whole number; -1 means without limit.',
        },
      );
    }
    const after = {
      name,
      slots,
      description: change.description === undefined ? (row?.description ?? null) : change.description,
      includeDeferred: change.includeDeferred ?? row?.include_deferred === 1,
    };
    await apply(deps, by, row ? 'patch_pool' : 'post_pool', after, write.setPool(after));
  });
}

export function deletePool(deps: CommandDeps, name: string, by: Requester): Promise<void> {
  if (name === defaultPool) throw new MillraceError('REQUEST_INVALID', 'the default pool cannot be deleted');
  return deps.alone(async () => {
    const [row] = await deps.store.read(poolRow(name));
    if (!row) throw notFound(name);
    await apply(deps, by, 'delete_pool', { name }, write.deletePool(name));
  });
}

/** Pools are kept in memory as well: read again after the commit, and what waited for them is looked at. */
async function apply(
  deps: CommandDeps,
  by: Requester,
  event: string,
  about: object,
  query: CompiledQuery,
): Promise<void> {
  await deps.request((turn) => {
    turn.write(query);
    audit(turn, by, event, { extra: about });
  });
  const pools = (await loadPools(deps.store)).map((pool) => ({
    name: pool.name,
    slots: pool.slots,
    includeDeferred: pool.include_deferred === 1,
  }));
  await deps.request((turn) => turn.live.board.setPools(pools, turn.live.deferred.values()));
}

function notFound(name: string): MillraceError {
  return new MillraceError('POOL_NOT_FOUND', `there is no pool "${name}"`, {
    hint: '`millrace pools list` lists them.',
  });
}
