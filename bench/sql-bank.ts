import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { packageRoot } from '../kernel/paths.js';
import { type Adapter, loadProject, openAdapter, runNode } from '../transform/index.js';
import type { Project } from '../transform/project.js';
import { compileOnly } from '../transform/run/compile-only.js';
import type { BenchRow } from './bench.js';

/** Change events of each table and the keys that they are about: 1,000,000 events. */
const landed = {
  customers: { events: 150_000, keys: 50_000 },
  accounts: { events: 350_000, keys: 100_000 },
  transactions: { events: 300_000, keys: 150_000 },
  ledger_entries: { events: 200_000, keys: 200_000 },
};
const eventsInAll = Object.values(landed).reduce((sum, { events }) => sum + events, 0);

/** The steps of the bank's project, and how many events each is given. */
const steps: { name: string; nodes: string[]; events: number }[] = [
  {
    name: 'flatten',
    nodes: ['stg_customer_changes', 'stg_account_changes'],
    events: landed.customers.events + landed.accounts.events,
  },
  {
    name: 'dedupe',
    nodes: ['stg_customers', 'stg_accounts'],
    events: landed.customers.events + landed.accounts.events,
  },
  {
    name: 'flatten and dedupe',
    nodes: ['stg_transactions', 'stg_ledger_entries'],
    events: landed.transactions.events + landed.ledger_entries.events,
  },
  {
    name: 'snapshots',
    nodes: ['customers_snapshot', 'accounts_snapshot'],
    events: landed.customers.keys + landed.accounts.keys,
  },
  {
    name: 'dimensions',
    nodes: ['dim_customers', 'dim_accounts'],
    events: landed.customers.events + landed.accounts.events,
  },
  { name: 'fact', nodes: ['fct_transactions'], events: landed.transactions.keys },
];

/**
 * The bank's project on 1,000,000 change events, once from nothing. Beside each node stands its bare SQL: the same SELECT into a table without the
 * indexes, the guards and the swap that the node has, since that is what any other tool would at least have to do.
 */
export async function benchBank(url: string, say: (line: string) => void): Promise<BenchRow[]> {
  const client = new pg.Client(url);
  await client.connect();
  const adapter = await openAdapter({ url, threads: 1 });
  try {
    await land(client);
    const project = await loadProject({ dir: join(packageRoot, 'sql', 'bank'), connectionUrl: url, env: {} });
    const times = await build(project, adapter, client, say);
    const rows = steps.map((step) => row(step.name, step.nodes, step.events, times));
    return [...rows, row('build', [...times.keys()], eventsInAll, times)];
  } finally {
    await adapter.close();
    await client.end();
  }
}

interface Times {
  own: number;
  bare: number;
}

/** Milliseconds by node name. */
async function build(
  project: Project,
  adapter: Adapter,
  client: pg.Client,
  say: (line: string) => void,
): Promise<Map<string, Times>> {
  const times = new Map<string, Times>();
  const ids = project.select({ select: ['resource_type:model', 'resource_type:snapshot'], indirectSelection: 'empty' });
  for (const id of ids) {
    const { compiledSql, message } = await compileOnly(project, id, { adapter });
    if (compiledSql === null) throw new Error(message);
    const bare = await timed(() => client.query(`create table public.bare as ${compiledSql}`));
    await client.query('drop table public.bare');
    const own = await timed(async () => {
      const result = await runNode(project, id, { adapter });
      if (result.status !== 'success') throw new Error(result.message);
    });
    const name = project.nodes.get(id)?.name ?? id;
    times.set(name, { own, bare });
    say(`bank: ${name}: ${own.toFixed(0)} ms, bare ${bare.toFixed(0)} ms`);
  }
  return times;
}

function row(step: string, nodes: string[], events: number, times: Map<string, Times>): BenchRow {
  const sum = (key: keyof Times) => nodes.reduce((total, node) => total + (times.get(node)?.[key] ?? Number.NaN), 0);
  const rate = (ms: number) => (events * 1000) / ms;
  const value = rate(sum('own'));
  return {
    name: `sql bank: ${step}`,
    unit: 'events/s',
    value,
    min: value,
    max: value,
    goal: null,
    better: 'higher',
    baseline: { name: 'bare SQL', value: rate(sum('bare')) },
    ratio: value / rate(sum('bare')),
  };
}

/** The warehouse as it is after the loads: events of all tables and the ledger's rows for them. */
async function land(client: pg.Client): Promise<void> {
  await client.query(readFileSync(join(packageRoot, 'sql', 'warehouse', 'bootstrap.sql'), 'utf8'));
  let file = 0;
  for (const [table, { events, keys }] of Object.entries(landed)) {
    file++;
    await client.query(
      `insert into millrace.load_ledger (file_id, bucket, key, etag, size, table_name, rows, run_id, load_seq)
       overriding system value values (${file}, 'bench', '${table}/0.jsonl', 'x', 0, '${table}', ${events}, 'bench', ${file})`,
    );
    await client.query(`set millrace.file_id = ${file}`);
    await client.query(
      `insert into raw.${table} (payload)
       select jsonb_build_object('before', case when n > ${keys} then image end, 'after', image, 'op', case when n > ${keys} then 'u' else 'c' end,
         'source', jsonb_build_object('ts_ms', 1767225600000 + n, 'commit_lsn', n::text, 'seq', 0))
       from generate_series(1, ${events}) as n, lateral (select n % ${keys} + 1 as id) as of, lateral (select ${images[table as keyof typeof landed]} as image) as made`,
    );
  }
  await client.query('vacuum analyze raw.customers, raw.accounts, raw.transactions, raw.ledger_entries');
}

const stamps = `'created_at', '2026-01-01T00:00:00Z', 'updated_at', '2026-01-01T00:00:00Z'`;

/** The rows of the source as JSON, over \`id\` and the event's number \`n\`. */
const images: Record<keyof typeof landed, string> = {
  customers: `jsonb_build_object('id', id, 'first_name', 'Ada', 'last_name', 'Number ' || id, 'email', id || '@example.org', 'phone', n::text,
    'date_of_birth', '1990-02-03', 'address', 'A street', 'status', 'ACTIVE', ${stamps})`,
  accounts: `jsonb_build_object('id', id, 'account_number', 'AC' || id, 'customer_id', id % 50000 + 1, 'account_type', 'SAVINGS', 'status', 'ACTIVE',
    'balance', n || '.00', 'interest_rate', '1.50', 'currency', 'USD', 'opened_at', '2026-01-01T00:00:00Z', 'closed_at', null, ${stamps})`,
  transactions: `jsonb_build_object('id', id, 'account_id', id % 100000 + 1, 'related_account_id', null, 'txn_type', 'DEPOSIT', 'direction', 'CREDIT',
    'amount', '25.50', 'balance_after', n || '.00', 'status', 'COMPLETED', 'reference', null, 'description', null, 'reversal_of', null,
    'posted_at', '2026-01-01T00:00:00Z', ${stamps})`,
  ledger_entries: `jsonb_build_object('id', id, 'transaction_id', id / 2 + 1, 'account_id', id % 100000 + 1, 'entry_type', 'DEBIT', 'amount', '25.50',
    'created_at', '2026-01-01T00:00:00Z')`,
};

async function timed(work: () => unknown): Promise<number> {
  const started = performance.now();
  await work();
  return performance.now() - started;
}
