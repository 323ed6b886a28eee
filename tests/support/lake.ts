import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { onTestFinished } from 'vitest';
import { openObjectStore } from '../../connectors/open-object-store.js';
import { openPostgres } from '../../connectors/postgres.js';
import { ensureWarehouse, type LoadPlace } from '../../scheduler/operators/file-load/index.js';
import { testDatabase } from './postgres.js';

/** An empty bucket in a folder and an empty warehouse, for the running test alone. */
export async function testLake(): Promise<LoadPlace & { warehouseUrl: string }> {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-lake-'));
  const warehouseUrl = await testDatabase();
  const warehouse = openPostgres(warehouseUrl);
  onTestFinished(async () => {
    await warehouse.end();
    rmSync(folder, { recursive: true, force: true });
  });
  await ensureWarehouse(warehouse);
  return { store: await openObjectStore(pathToFileURL(join(folder, 'raw')).href), warehouse, warehouseUrl };
}
