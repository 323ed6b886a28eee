import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openFileStore } from '../connectors/object-store-file.js';
import { openPostgres } from '../connectors/postgres.js';
import { ensureWarehouse, type LoadPlace, listNewFiles, loadBatch } from '../scheduler/operators/file-load/index.js';
import { type Bench, type BenchRow, measureAgainst } from './bench.js';
import { openCopyBaseline } from './copy-baseline.js';
import { withPostgres } from './postgres.js';

const events = 200_000;
const goalRatio = 0.9;

/**
 * Rows a second from JSON lines in a store into `raw`, ledger included, on one connection and on two; against
 * `psql \copy` of the same lines into the same table (or COPY on the bare protocol where psql is missing).
 */
export const bench: Bench = (say) =>
  withPostgres(async (url) => {
    const folder = await mkdtemp(join(tmpdir(), 'millrace-bench-load-'));
    const warehouse = openPostgres(url, { max: 4 });
    try {
      await ensureWarehouse(warehouse);
      const place = { store: await openFileStore(join(folder, 'raw')), warehouse };
      say(`writing ${events.toLocaleString('en-US')} events`);
      const copy = await openCopyBaseline(url, place, folder, events);
      const baseline = { name: copy.name, measure: () => rate(place, copy.run) };
      const rows: BenchRow[] = [];
      for (const connections of [1, 2]) {
        const row = await measureAgainst(
          {
            name: `load/${connections === 1 ? 'one connection' : 'two connections'}`,
            unit: 'rows/s',
            goal: null,
            better: 'higher',
            measure: () => rate(place, () => load(place, connections)),
            baseline,
          },
          say,
        );
        rows.push({ ...row, goal: goalRatio * (row.baseline?.value ?? 0) });
      }
      return rows;
    } finally {
      await warehouse.end();
      await rm(folder, { recursive: true, force: true });
    }
  });

/** Empties the tables, does the work, and counts what it brought. */
async function rate({ warehouse }: LoadPlace, work: () => Promise<void>): Promise<number> {
  await warehouse.query(
    'truncate raw.accounts, millrace.load_ledger, millrace.load_pending, millrace.load_quarantine, millrace.load_scan',
  );
  await warehouse.query('checkpoint');
  const startedAt = performance.now();
  await work();
  const seconds = (performance.now() - startedAt) / 1000;
  const { rows } = await warehouse.query<{ count: number }>('select count(*) from raw.accounts');
  if (rows[0]?.count !== events) throw new Error(`${rows[0]?.count} rows arrived instead of ${events}`);
  return events / seconds;
}

async function load(place: LoadPlace, connections: number): Promise<void> {
  const { files } = await listNewFiles(place, { now: Date.now(), full: true });
  const lanes = Array.from({ length: connections }, (_, lane) => files.filter((_, at) => at % connections === lane));
  await Promise.all(lanes.map((lane) => loadBatch(place, lane, { runId: 'bench' })));
}
