import type { ColumnType, QueryResult, WarehouseReader } from '../../server/deps.js';
import { fixtureNow } from './ui-fixture.js';

type Cell = string | number | boolean | null;

const day = 86_400_000;

/** Answers the queries of the data pages and of the bank's dashboard with the numbers of a plausible bank. */
export function fakeWarehouse(payload = ''): WarehouseReader {
  return { query: async (sql) => answer(sql, payload) };
}

function answer(sql: string, payload: string): QueryResult {
  if (/kpi_totals/.test(sql)) {
    return table(
      {
        total_balance: 'number',
        total_transactions: 'number',
        average_balance_per_account: 'number',
        total_accounts: 'number',
        total_customers: 'number',
      },
      [['512410.55', '2159', '1113.95', '460', '230']],
    );
  }
  if (/amount_over_time/.test(sql)) {
    const amounts = [
      29.1, 60.3, 44.2, 64.8, 59.2, 63.4, 29.6, 32.4, 62.5, 68.5, 58.1, 59.2, 64.2, 38.3, 38.9, 59.6, 46.9, 45.3, 59.9,
      49.9,
    ];
    const rows = amounts.map((amount, index): Cell[] => [
      stamp(fixtureNow - (20 - index) * day),

      stamp(fixtureNow - (20 - index) * day),
      String(amount * 1000),
      String(100 + index),
    ]);
    return table({ time: 'time', txn_hour: 'time', total_amount: 'number', transactions: 'number' }, rows);
  }
  if (/kpi_balance_by_account_type/.test(sql)) {
    return table({ account_type: 'text', average_balance: 'number', accounts: 'number', total_balance: 'number' }, [
      [`Savings${payload}`, '1347', '155', '209000'],
      ['Checking', '1161', '164', '191000'],
      ['Credit', '797', '141', '112000'],
    ]);
  }
  if (/kpi_transaction_amount_by_type/.test(sql)) {
    return table({ txn_type: 'text', total_amount: 'number', transactions: 'number' }, [
      ['Transfer', '418830', '901'],
      ['Deposit', '315100', '702'],
      ['Withdrawal', '300050', '556'],
    ]);
  }
  if (/kpi_customer_balances/.test(sql)) {
    const names = [
      'Ada Stone',
      'Ben Lake',
      'Cleo North',
      'Dan Field',
      'Eva Moss',
      'Finn Brook',
      'Gro Ridge',
      'Hal Ford',
      'Ida Wells',
      'Jon Heath',
    ];
    return table(
      { full_name: 'text', total_balance: 'number', accounts: 'number' },
      names.map((name, index) => [name + payload, String(9840 - index * 480), '2']),
    );
  }
  return operational(sql, payload);
}

function operational(sql: string, payload: string): QueryResult {
  if (/from millrace\.load_ledger group by/.test(sql))
    return table({ table_name: 'text', files: 'number', rows: 'number' }, [
      ['accounts', '90', '4100'],
      ['customers', '60', '2100'],
    ]);
  if (/count\(\*\) as files, coalesce/.test(sql)) {
    return table({ files: 'number', rows: 'number', bytes: 'number', last_at: 'number' }, [
      ['182', '58214', '190000000', String(fixtureNow - 52_000)],
    ]);
  }
  if (/from millrace\.load_ledger/.test(sql)) {
    return table(
      {
        key: 'text',
        bucket: 'text',
        table_name: 'text',
        size: 'number',
        rows: 'number',
        skipped_rows: 'number',
        run_id: 'text',
        at: 'number',
      },
      Array.from({ length: 30 }, (_, index) => [
        `customers/date=2026-11-21/customers-000000001a7f3c2${index.toString(16)}.0000000000-000000001a7f3c2f.0000000007.jsonl.gz${payload}`,
        'lake',
        'customers',
        String(12_000 + index * 991),
        String(50 + index),
        index === 3 ? '4' : '0',
        `scheduled__2026-11-21T${String(14 - (index % 14)).padStart(2, '0')}:00:00+00:00`,
        String(fixtureNow - index * 310_000),
      ]),
    );
  }
  if (/load_pending/.test(sql)) return table({ files: 'number' }, [['0']]);
  if (/select count\(\*\) as files from millrace\.load_quarantine/.test(sql))
    return table({ files: 'number' }, [['1']]);
  if (/load_quarantine/.test(sql)) {
    return table(
      {
        key: 'text',
        bucket: 'text',
        table_name: 'text',
        size: 'number',
        reason: 'text',
        line: 'number',
        excerpt: 'text',
        run_id: 'text',
        tries: 'number',
        at: 'number',
        released_at: 'number',
        released_by: 'text',
        resolved_at: 'number',
      },
      [
        [
          `transactions/date=2026-11-21/transactions-000000001a7f3c21.jsonl${payload}`,
          'lake',
          'transactions',
          '8214',
          `a broken line: Unexpected end of JSON input${payload}`,
          '41',
          `{"before": null, "after": {"id": 9${payload}`,
          'scheduled__2026-11-21T03:00:00+00:00',
          '2',
          String(fixtureNow - 4_000_000),
          null,
          null,
          null,
        ],
      ],
    );
  }
  if (/pg_class/.test(sql)) {
    const names = [
      ['raw', 'customers', 2314],
      ['raw', 'transactions', 30_120],
      ['staging', 'stg_customers', 230],
      ['staging', 'stg_transactions', 2159],
      ['snapshots', 'customers_snapshot', 260],
      ['analytics', 'dim_customers', 271],
      ['analytics', 'fct_transactions', 2159],
    ] as const;
    return table(
      { schema_name: 'text', name: 'text', kind: 'text', rows: 'number', bytes: 'number' },
      names.map(([schema, name, rows]) => [schema, name + payload, 'table', String(rows), String(rows * 312)]),
    );
  }
  throw new Error(`the warehouse of the tests does not know: ${sql}`);
}

function table(columns: Record<string, ColumnType>, rows: Cell[][]): QueryResult {
  return { columns: Object.entries(columns).map(([name, type]) => ({ name, type })), rows };
}

function stamp(at: number): string {
  return `${new Date(at).toISOString().slice(0, 19).replace('T', ' ')}+00`;
}
