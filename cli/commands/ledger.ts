import { userInfo } from 'node:os';
import { print } from '../ask.js';
import { serverDatabase } from '../server-database.js';
import { textTable } from '../table.js';
import { releaseFile, withWarehouse } from '../warehouse.js';

interface LedgerRow {
  key: string;
  table_name: string;
  rows: number;
  loaded_at: string;
  run_id: string;
}

interface QuarantineRow {
  key: string;
  line: number | null;
  reason: string;
  tries: number;
  released_at: string | null;
}

/** `millrace ledger list`: the files that were loaded last, or those in quarantine. */
export async function listLedger(options: { quarantine?: boolean; limit: number; json?: boolean }): Promise<void> {
  await withWarehouse(await serverDatabase('warehouse'), async (warehouse) => {
    if (options.quarantine) {
      const { rows } = await warehouse.query<QuarantineRow>(
        `select key, line, reason, tries, released_at from millrace.load_quarantine
         where resolved_at is null order by quarantined_at desc limit $1`,
        [options.limit],
      );
      if (options.json) return print(JSON.stringify(rows, null, 2));
      const cells = rows.map(({ key, line, reason, tries, released_at }) => [
        key,
        line,
        tries,
        released_at === null ? reason : `released: ${reason}`,
      ]);
      return print(
        rows.length === 0 ? 'No file is in quarantine.' : textTable(['file', 'line', 'tries', 'reason'], cells, ''),
      );
    }
    const { rows } = await warehouse.query<LedgerRow>(
      `select key, table_name, rows, loaded_at, run_id from millrace.load_ledger order by file_id desc limit $1`,
      [options.limit],
    );
    if (options.json) return print(JSON.stringify(rows, null, 2));
    const cells = rows.map(({ key, rows: count, loaded_at, run_id }) => [key, count, loaded_at.slice(0, 19), run_id]);
    print(textTable(['file', 'rows', 'loaded (UTC)', 'run'], cells, ''));
  });
}

/** `millrace ledger retry KEY`: the next load takes a file in quarantine again. */
export async function retryFile(key: string): Promise<void> {
  await releaseFile(await serverDatabase('warehouse'), key, userInfo().username);
  print(`${key} is loaded again with the next run of MinIO_S3_to_Warehouse.`);
}
