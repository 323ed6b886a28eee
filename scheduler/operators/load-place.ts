import type { ConnectionResult } from '../dag/client.js';
import { currentScope } from '../dag/runtime.js';
import type { LoadPlace } from './file-load/index.js';

/**
 * Where a task loads from and to: the store and the database of two connections, pooled like every hook's. For
 * `listNewFiles`, `loadBatch` and what else works on a `LoadPlace`.
 */
export async function openLoadPlace({ from = 'lake', connection = 'warehouse' } = {}): Promise<LoadPlace> {
  const { hooks, call } = currentScope('openLoadPlace()');
  const find = (id: string) => call({ method: 'getConnection', id }) as Promise<ConnectionResult | undefined>;
  const [store, warehouse] = await Promise.all([hooks.objectStore(from, find), hooks.postgres(connection, find)]);
  return { store, warehouse };
}
