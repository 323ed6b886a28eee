import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { runMillrace } from '../support/run-millrace.js';

/** Whole programs are started, on a machine that may be busy. */
vi.setConfig({ testTimeout: 180_000 });

let temporary: string;

beforeAll(() => {
  temporary = mkdtempSync(join(tmpdir(), 'millrace-demo-test-'));
});

afterAll(() => rmSync(temporary, { recursive: true, force: true }));

it('brings a whole bank from its database to the key figures, and leaves nothing behind', async () => {
  const args = ['demo', '--json', '--seed', '7', '--customers', '10', '--transactions', '60'];
  const demo = runMillrace(args, { TMPDIR: temporary });
  expect([await demo.ended, demo.output()]).toEqual([0, expect.stringMatching(/^\{/)]);
  const result = JSON.parse(demo.output());

  expect(result.runs.map((run: { dagId: string; state: string }) => [run.dagId, run.state])).toEqual([
    ['MinIO_S3_to_Warehouse', 'success'],
    ['Bank_Data_Transformation', 'success'],
  ]);
  const rows = Object.fromEntries(
    result.tables.map(({ schema, table, rows }: { schema: string; table: string; rows: number }) => [
      `${schema}.${table}`,
      rows,
    ]),
  );
  const raw = ['customers', 'accounts', 'transactions', 'ledger_entries'].map((table) => rows[`raw.${table}`]);
  expect(raw.reduce((sum, count) => sum + count, 0)).toBe(result.events);
  expect(rows['analytics.fct_transactions']).toBe(rows['staging.stg_transactions']);
  expect(rows['analytics.dim_customers']).toBeGreaterThanOrEqual(10);
  expect(result.emails.map(({ subject }: { subject: string }) => subject).sort()).toEqual([
    'Bank Data Transformation Completed',
    'Warehouse Load Report',
  ]);
  expect(readdirSync(temporary)).toEqual([]);
});
