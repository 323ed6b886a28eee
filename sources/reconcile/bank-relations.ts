import { hashSql } from './row-hashes.js';

/** A column of the source: its name, and the type to which the text in a change event is cast. */
type Column = readonly [name: string, type: string];

interface BankTable {
  columns: readonly Column[];
  /** Adds up to something a person recognizes. */
  sum?: string;
  dimension?: { relation: string; key: string; columns: readonly (readonly [source: string, warehouse: string])[] };
}

const customers: BankTable = {
  columns: [
    ['id', 'bigint'],
    ['first_name', 'text'],
    ['last_name', 'text'],
    ['email', 'text'],
    ['phone', 'text'],
    ['date_of_birth', 'date'],
    ['address', 'text'],
    ['status', 'text'],
    ['created_at', 'timestamptz'],
    ['updated_at', 'timestamptz'],
  ],
  dimension: {
    relation: 'analytics.dim_customers',
    key: 'customer_id',
    columns: [
      ['first_name', 'first_name'],
      ['last_name', 'last_name'],
      ['email', 'email'],
      ['phone', 'phone'],
      ['address', 'cust_address'],
      ['status', 'cust_status'],
    ],
  },
};

const accounts: BankTable = {
  columns: [
    ['id', 'bigint'],
    ['account_number', 'text'],
    ['customer_id', 'bigint'],
    ['account_type', 'text'],
    ['status', 'text'],
    ['balance', 'numeric'],
    ['opening_balance', 'numeric'],
    ['interest_rate', 'numeric'],
    ['currency', 'text'],
    ['opened_at', 'timestamptz'],
    ['closed_at', 'timestamptz'],
    ['created_at', 'timestamptz'],
    ['updated_at', 'timestamptz'],
  ],
  sum: 'balance',
  dimension: {
    relation: 'analytics.dim_accounts',
    key: 'account_id',
    columns: [
      ['customer_id', 'customer_id'],
      ['account_type', 'account_type'],
      ['status', 'account_status'],
      ['balance', 'balance'],
      ['interest_rate', 'interest_rate'],
    ],
  },
};

const transactions: BankTable = {
  columns: [
    ['id', 'bigint'],
    ['account_id', 'bigint'],
    ['related_account_id', 'bigint'],
    ['txn_type', 'text'],
    ['direction', 'text'],
    ['amount', 'numeric'],
    ['balance_after', 'numeric'],
    ['status', 'text'],
    ['reference', 'text'],
    ['description', 'text'],
    ['reversal_of', 'bigint'],
    ['created_at', 'timestamptz'],
    ['posted_at', 'timestamptz'],
    ['updated_at', 'timestamptz'],
  ],
  sum: 'amount',
};

const ledgerEntries: BankTable = {
  columns: [
    ['id', 'bigint'],
    ['transaction_id', 'bigint'],
    ['account_id', 'bigint'],
    ['entry_type', 'text'],
    ['amount', 'numeric'],
    ['created_at', 'timestamptz'],
  ],
  sum: 'amount',
};

export const bankRelations = { customers, accounts, transactions, ledger_entries: ledgerEntries } as const;
export type BankTableName = keyof typeof bankRelations;
export const bankTableNames = Object.keys(bankRelations) as BankTableName[];

/** The fact keeps the latest version only: rows that changed since are left out of its comparison. */
export const fact = {
  relation: 'analytics.fct_transactions',
  columns: [
    ['account_id', 'account_id'],
    ['related_account_id', 'related_account_id'],
    ['txn_type', 'txn_type'],
    ['direction', 'direction'],
    ['amount', 'amount'],
    ['balance_after', 'balance_after'],
    ['status', 'txn_status'],
    ['reference', 'reference'],
    ['created_at', 'txn_time'],
  ],
} as const;

/** Of every row of the source: key, hash, hash of what the dimension or the fact has too, and what adds up to its sum. */
export function sourceHashes(table: BankTableName): string {
  const { columns, dimension } = bankRelations[table] as BankTable;
  const modelColumns = table === 'transactions' ? fact.columns : (dimension?.columns ?? []);
  const modelHash = modelColumns.length === 0 ? '0' : hashSql(modelColumns.map(([source]) => source));
  return `select id, ${hashSql(columns.map(([name]) => name))}, ${modelHash}, ${sumColumn(table)} from public.${table}`;
}

/**
 * The same of the rows that the change log holds as of the point, without what models have: per key the last event that
 * was committed before, unless it is a delete or a truncate came after it.
 */
export function changeLogHashes(table: BankTableName, point: number): string {
  const { columns } = bankRelations[table];
  return `
    select event.key, ${hashSql(columns.map(([name]) => `image.${name}`))}, 0, ${sumColumn(table)}
      from raw.${table} event
     cross join lateral jsonb_to_record(event.payload->'after')
                as image (${columns.map(([name, type]) => `${name} ${type}`).join(', ')})
     where event.op <> 'd' and not ${isTruncated(table, 'event', point)}
       -- Payloads stream past a hash table of the positions, instead of being sorted or hashed themselves.
       and (event.lsn, event.seq) in (
         select last.lsn, last.seq
           from (select distinct on (key) key, lsn, seq from raw.${table} where lsn < ${point} and key is not null
                  order by key, lsn desc, seq desc) last)`;
}

function sumColumn(table: BankTableName): string {
  return (bankRelations[table] as BankTable).sum ?? 'null::numeric';
}

/** Key and hash of the versions of a dimension that were valid at the point. */
export function dimensionHashes(table: 'customers' | 'accounts', point: number): string {
  const { relation, key, columns } = bankRelations[table].dimension as NonNullable<BankTable['dimension']>;
  return `
    select v.key, v.hash
      from (select distinct on (${key}) ${key} as key, lsn, seq, ${hashSql(columns.map(([, name]) => name))} as hash
              from ${relation} where lsn < ${point} order by ${key}, lsn desc, seq desc) v
     where not exists (select from raw.${table} d where d.op = 'd' and d.key = v.key and d.lsn < ${point}
                         and (d.lsn, d.seq) > (v.lsn, v.seq))
       and not ${isTruncated(table, 'v', point)}`;
}

/** Keys of versions that are current or overlap although another one of the key is: none. */
export function dimensionFaults(table: 'customers' | 'accounts'): string {
  const { relation, key } = bankRelations[table].dimension as NonNullable<BankTable['dimension']>;
  return `
    select ${key} as key, 'has more than one current version' as fault from ${relation}
     where is_current group by 1 having count(*) > 1
    union all
    select key, 'has versions that overlap or leave a gap inside'
      from (select ${key} as key, effective_to, is_current,
                   lead(effective_from) over (partition by ${key} order by lsn, seq) as next_from from ${relation}) v
     where next_from < coalesce(effective_to, 'infinity') and next_from is not null`;
}

export function factHashes(): string {
  const columns = fact.columns.map(([, name]) => name);
  return `select transaction_id, ${hashSql(columns)} from ${fact.relation} where not is_deleted`;
}

/** Keys that were changed at the point or later, as far as the log is loaded. */
export function changedSince(table: BankTableName, point: number): string {
  return `select distinct key from raw.${table} where lsn >= ${point} and key is not null`;
}

/** The last event before the point that makes a version: once the dimension has it, it has passed the point. */
export function lastVersionBefore(table: 'customers' | 'accounts', point: number): string {
  return `select key, lsn, seq from raw.${table} where lsn < ${point} and op in ('r', 'c', 'u')
           order by lsn desc, seq desc limit 1`;
}

function isTruncated(table: BankTableName, alias: string, point: number): string {
  return `exists (select from raw.${table} t where t.op = 't' and t.lsn < ${point}
                     and (t.lsn, t.seq) > (${alias}.lsn, ${alias}.seq))`;
}
