import { openPostgres } from '../connectors/postgres.js';
import { MillraceError } from '../kernel/errors.js';
import { ensureWarehouse, releaseQuarantine } from '../scheduler/operators/file-load/index.js';

/** The URL of the warehouse. Throws WAREHOUSE_MISSING when Millrace runs without one. */
export function requireWarehouse(url: string | null): string {
  if (url !== null) return url;
  throw new MillraceError('WAREHOUSE_MISSING', 'WAREHOUSE_URL is none: this server has no warehouse.', {
    hint: 'Set WAREHOUSE_URL to a database, or leave it unset for the embedded one.',
  });
}

/** Makes what loads need in the warehouse: schemas, landing tables, the ledger. */
export async function prepareWarehouse(url: string): Promise<void> {
  await withWarehouse(url, ensureWarehouse);
}

/** Gives a file in quarantine another try with the next load. */
export async function releaseFile(url: string, key: string, releasedBy: string): Promise<void> {
  await withWarehouse(url, (warehouse) => releaseQuarantine(warehouse, key, releasedBy));
}

export async function withWarehouse<Result>(
  url: string,
  work: (warehouse: ReturnType<typeof openPostgres>) => Promise<Result>,
): Promise<Result> {
  const warehouse = openPostgres(url, { max: 1, applicationName: 'millrace' });
  try {
    return await work(warehouse);
  } finally {
    await warehouse.end();
  }
}
