import { MillraceError } from '../../kernel/errors.js';
import type { Json } from '../../kernel/json.js';
import type { NodeStatus } from '../model.js';
import type { NodeConfig } from '../project/config.js';
import type { NodeRun } from './materialization.js';

export interface TestOutcome {
  status: NodeStatus;
  failures: number;
  message: string;
  /** The SELECT of the failing rows: the test's own, or from the table that keeps them. */
  failingRowsSql: string;
  sample: { columns: string[]; rows: Json[][] } | null;
}

/** How many failing rows a result shows. */
export const sampleRowsMax = 20;

/** Runs a test: counts what its query returns, compares with the thresholds, and takes a sample of the rows when it does not pass. */
export async function runTest(run: NodeRun): Promise<TestOutcome> {
  const from = await storeFailures(run);
  const { config } = run;
  const limit = config['limit'] ?? null;
  const sql = await run.macroText('get_test_sql', [
    from,
    String(config['fail_calc']),
    String(config['warn_if']),
    String(config['error_if']),
    limit,
  ]);
  const { rows, columns } = await run.execute(sql);
  if (rows.length !== 1 || columns.length < 3)
    throw new MillraceError(
      'SQL_COMPILATION_FAILED',
      `${run.node.name}: a test must give one row of failures, should_warn and should_error`,
    );
  const [failures, shouldWarn, shouldError] = rows[0] as unknown[];
  const count = readCount(run, failures);
  const outcome = judge(config, count, truth(shouldWarn), truth(shouldError));
  return {
    ...outcome,
    failures: count,
    failingRowsSql: from,
    sample: outcome.status === 'pass' ? null : await sampleRows(run, from),
  };
}

/** dbt's verdict: `error_if` counts only for severity error; otherwise `warn_if` decides between warn and pass. */
export function judge(
  config: NodeConfig,
  failures: number,
  shouldWarn: boolean,
  shouldError: boolean,
): { status: NodeStatus; message: string } {
  const got = `Got ${failures} ${failures === 1 ? 'result' : 'results'}`;
  if (String(config['severity']).toUpperCase() === 'ERROR' && shouldError)
    return { status: 'fail', message: `${got}, configured to fail if ${config['error_if']}` };
  if (shouldWarn) return { status: 'warn', message: `${got}, configured to warn if ${config['warn_if']}` };
  return { status: 'pass', message: failures === 0 ? 'no failing rows' : `${got}, within the limits` };
}

/** Keeps the failing rows in a relation of their own when the config asks for it; returns the SELECT that counts. */
async function storeFailures(run: NodeRun): Promise<string> {
  const kind = storeFailuresAs(run);
  if (kind === 'ephemeral') return run.sql;
  const target = run.target.with({ type: kind });
  const existing = await run.existing();
  await run.connection.begin();
  if (existing) await run.macro('drop_relation', [existing]);
  const macro = kind === 'view' ? 'get_create_view_as_sql' : 'get_create_table_as_sql';
  await run.execute(await run.macroText(macro, kind === 'view' ? [target, run.sql] : [false, target, run.sql]));
  await run.connection.commit();
  run.forgetRelations();
  return `select *\nfrom ${target.render()}`;
}

/** `store_failures_as` wins over `store_failures`. */
export function storeFailuresAs(run: Pick<NodeRun, 'config' | 'storesFailures'>): 'table' | 'view' | 'ephemeral' {
  const as = run.config['store_failures_as'];
  if (as === 'table' || as === 'view' || as === 'ephemeral') return as;
  const stores = run.config['store_failures'] ?? run.storesFailures;
  return stores === true ? 'table' : 'ephemeral';
}

async function sampleRows(run: NodeRun, from: string): Promise<TestOutcome['sample']> {
  const { columns, rows } = await run.execute(`select * from (\n${from}\n) failing_rows limit ${sampleRowsMax}`);
  return { columns: columns.map(({ name }) => name), rows: rows as Json[][] };
}

function readCount(run: NodeRun, value: unknown): number {
  const number = Number(value ?? 0);
  if (Number.isNaN(number))
    throw new MillraceError(
      'SQL_COMPILATION_FAILED',
      `${run.node.name}: fail_calc must give a number; got ${JSON.stringify(value)}`,
    );
  return number;
}

function truth(value: unknown): boolean {
  return value === true || value === 1 || /^(t|true)$/i.test(String(value));
}
