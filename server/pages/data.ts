import { describeError } from '../../kernel/errors.js';
import { dagById } from '../../scheduler/store/queries/dags.js';
import { taskHistory } from '../../scheduler/store/queries/task-instances.js';
import { toNumber } from '../dashboards/draw.js';
import type { AppDeps, QueryResult, WarehouseReader } from '../deps.js';
import type { Page, PageRequest } from '../page.js';
import { loadLatestVersion } from './load-dag.js';

const pageSize = 50;

/** The strip from the source to the dashboards: where the data is, how late, how much. */
export const dataPage: Page = {
  path: '/data',
  async load(_request, deps) {
    const { cdc, generator, warehouse, objectStore } = deps.platform();
    const facts = await fromWarehouse(deps, loadFacts);
    return {
      template: 'data',
      title: 'Data',
      section: 'data',
      crumbs: [{ label: 'Data' }],
      concerns: (event) => event.kind === 'dag_run',
      refreshMs: 2000,
      view: {
        cdc,
        generator,
        warehouse,
        objectStore,
        facts: facts.value,
        fault: facts.fault,
        reconciliation: await lastReconciliation(deps),
      },
    };
  },
};

export const ledgerPage: Page = {
  path: '/data/ledger',
  async load(request, deps) {
    const { search, table, offset } = choicesOf(request);
    const found = await fromWarehouse(deps, async (warehouse) => {
      const where = `($1 = '' or key like '%' || $1 || '%') and ($2 = '' or table_name = $2)`;
      const [files, totals, tables] = await Promise.all([
        warehouse.query(
          `select key, bucket, table_name, size, rows, skipped_rows, run_id, (extract(epoch from loaded_at) * 1000)::bigint as at
           from millrace.load_ledger where ${where} order by load_seq desc nulls last, file_id desc limit ${pageSize} offset ${offset}`,
          [search, table],
        ),
        warehouse.query(
          `select count(*) as files, coalesce(sum(rows), 0) as rows, coalesce(sum(size), 0) as bytes from millrace.load_ledger where ${where}`,
          [search, table],
        ),
        warehouse.query(
          'select table_name, count(*) as files, sum(rows) as rows from millrace.load_ledger group by 1 order by 1',
        ),
      ]);
      return { files: records(files), totals: records(totals)[0], tables: records(tables) };
    });
    return {
      template: 'ledger',
      title: 'Load ledger',
      section: 'ledger',
      crumbs: [{ label: 'Data', href: '/data' }, { label: 'Load ledger' }],
      concerns: (event) => event.kind === 'dag_run',
      view: {
        ...found.value,
        fault: found.fault,
        missing: found.missing,
        search,
        table,
        offset,
        pageSize,
        total: toNumber(found.value?.totals?.['files']) ?? 0,
      },
    };
  },
};

export const quarantinePage: Page = {
  path: '/data/quarantine',
  async load(request, deps) {
    const { offset } = choicesOf(request);
    const all = request.query.get('show') === 'all';
    const found = await fromWarehouse(deps, async (warehouse) => {
      const where = all ? 'true' : 'resolved_at is null';
      const [files, total] = await Promise.all([
        warehouse.query(
          `select key, bucket, table_name, size, reason, line, excerpt, run_id, tries,
             (extract(epoch from quarantined_at) * 1000)::bigint as at,
             (extract(epoch from released_at) * 1000)::bigint as released_at, released_by,
             (extract(epoch from resolved_at) * 1000)::bigint as resolved_at
           from millrace.load_quarantine where ${where} order by quarantined_at desc, key limit ${pageSize} offset ${offset}`,
        ),
        warehouse.query(`select count(*) as files from millrace.load_quarantine where ${where}`),
      ]);
      return { files: records(files), total: toNumber(records(total)[0]?.['files']) ?? 0 };
    });
    return {
      template: 'quarantine',
      title: 'Quarantine',
      section: 'quarantine',
      crumbs: [{ label: 'Data', href: '/data' }, { label: 'Quarantine' }],
      concerns: (event) => event.kind === 'dag_run',
      view: {
        files: found.value?.files ?? [],
        total: found.value?.total ?? 0,
        fault: found.fault,
        missing: found.missing,
        all,
        offset,
        pageSize,
      },
    };
  },
};

async function loadFacts(warehouse: WarehouseReader) {
  const [ledger, pending, quarantine, relations] = await Promise.all([
    warehouse.query(
      `select count(*) as files, coalesce(sum(rows), 0) as rows, coalesce(sum(size), 0) as bytes,
         (extract(epoch from max(loaded_at)) * 1000)::bigint as last_at from millrace.load_ledger`,
    ),
    warehouse.query('select count(*) as files from millrace.load_pending'),
    warehouse.query('select count(*) as files from millrace.load_quarantine where resolved_at is null'),
    // Counting every row of every table on each look would cost more than the answer is worth: the statistics do.
    warehouse.query(
      `select n.nspname as schema_name, c.relname as name, case when c.relkind = 'v' then 'view' else 'table' end as kind,
         case when c.relkind = 'v' then null else coalesce(s.n_live_tup, 0) end as rows,
         case when c.relkind = 'v' then null else pg_total_relation_size(c.oid) end as bytes
       from pg_class c join pg_namespace n on n.oid = c.relnamespace left join pg_stat_all_tables s on s.relid = c.oid
       where n.nspname in ('raw', 'staging', 'snapshots', 'analytics') and c.relkind in ('r', 'v', 'm', 'p')
       order by array_position(array['raw', 'staging', 'snapshots', 'analytics'], n.nspname::text), c.relname limit 300`,
    ),
  ]);
  const tables = records(relations);
  const schemaRows = (schema: string) =>
    tables.filter((row) => row['schema_name'] === schema).reduce((sum, row) => sum + (toNumber(row['rows']) ?? 0), 0);
  return {
    ledger: records(ledger)[0] ?? {},
    pending: toNumber(records(pending)[0]?.['files']) ?? 0,
    quarantined: toNumber(records(quarantine)[0]?.['files']) ?? 0,
    tables,
    schemas: ['raw', 'staging', 'snapshots', 'analytics'].map((name) => ({
      name,
      tables: tables.filter((row) => row['schema_name'] === name).length,
      rows: schemaRows(name),
    })),
    factRows: toNumber(tables.find((row) => row['name'] === 'fct_transactions')?.['rows']),
  };
}

/** What the task that compares the warehouse with the source found when it last ran. */
async function lastReconciliation(deps: AppDeps) {
  const [dag] = await deps.store.read(dagById('Bank_Data_Transformation'));
  const version = dag ? await loadLatestVersion(deps, dag) : undefined;
  const task = version?.dag.tasks.find(({ taskId }) => /(^|\.)reconcil/.test(taskId));
  if (!dag || !task) return undefined;
  const rows = await deps.store.read(taskHistory(dag.dag_id, task.taskId, -1, 5));
  const row = rows.find(({ ended_at }) => ended_at !== null);
  return row ? { ...row, dagId: dag.dag_id, taskId: task.taskId } : undefined;
}

/** Asks the warehouse; what it refuses is said on the page, since the page can still show the rest. */
async function fromWarehouse<Value>(
  deps: AppDeps,
  ask: (warehouse: WarehouseReader) => Promise<Value>,
): Promise<{ value: Value | undefined; fault: string | null; missing: boolean }> {
  const warehouse = await deps.warehouse();
  if (!warehouse) return { value: undefined, fault: null, missing: true };
  try {
    return { value: await ask(warehouse), fault: null, missing: false };
  } catch (error) {
    return { value: undefined, fault: describeError(error), missing: false };
  }
}

export function records({ columns, rows }: QueryResult): Record<string, string | number | boolean | null>[] {
  return rows.map((row) =>
    Object.fromEntries(columns.map((column, index) => [column.name, numeric(row[index] ?? null, column.type)])),
  );
}

function numeric(value: string | number | boolean | null, type: string): string | number | boolean | null {
  return type === 'number' ? toNumber(value) : value;
}

function choicesOf({ query }: PageRequest) {
  return {
    search: query.get('q')?.trim() ?? '',
    table: query.get('table') ?? '',
    offset: Math.max(0, Math.floor(Number(query.get('offset')) || 0)),
  };
}
