import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Postgres } from '../../../connectors/postgres.js';
import { packageRoot } from '../../../kernel/paths.js';

/** Makes the schemas, the load ledger and the landing tables where they are missing. May run at any time, by several. */
export async function ensureWarehouse(warehouse: Postgres): Promise<void> {
  const sql = await readFile(join(packageRoot, 'sql', 'warehouse', 'bootstrap.sql'), 'utf8');
  await warehouse.transaction(async (session) => {
    await session.query('set local client_min_messages = warning');
    await session.query(`select pg_advisory_xact_lock(hashtext('millrace.bootstrap'))`);
    await session.query(sql);
  });
}
