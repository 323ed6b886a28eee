import type { PostgresHook } from 'millrace';

/** What the last task of the transformation found. */
export type Reconciliation = {
  /** Loads up to this number have been looked at. */
  loadSeq: number;
  /** Change events and keys that were looked at. */
  events: number;
  keys: number;
  /** How many faults there are, and the first of them. */
  differencesTotal: number;
  differences: { relation: string; key: number; problem: string }[];
};

const shownMax = 20;

/**
 * Looks at what was loaded since the load `since`, in the warehouse alone: whether each change follows from the one
 * before it (the row that an update or a delete replaces must be the row that the event before it left), and whether
 * the dimensions and the fact say what the log says. `millrace reconcile bank` compares with the source itself.
 */
export async function reconcileLoaded(warehouse: Pick<PostgresHook, 'query'>, since: number): Promise<Reconciliation> {
  const { rows: cut } = await warehouse.query<{ load_seq: number }>(
    'select max(load_seq) as load_seq from staging.load_cut',
  );
  const upTo = cut[0]?.load_seq ?? 0;
  const differences: Reconciliation['differences'] = [];
  let events = 0;
  let keys = 0;
  for (const table of tables) {
    const { rows } = await warehouse.query<{ events: number; keys: number }>(
      `select count(*) as events, count(distinct ${table.key}) as keys from ${table.changes} where ${newIn('load_seq')}`,
      [since, upTo],
    );
    events += rows[0]?.events ?? 0;
    keys += rows[0]?.keys ?? 0;
    for (const { relation, sql } of [brokenLinks(table), wrongVersions(table), wrongCurrentRow(table)]) {
      const found = await warehouse.query<{ key: number; problem: string }>(sql, [since, upTo]);
      differences.push(...found.rows.map(({ key, problem }) => ({ relation, key, problem })));
    }
  }
  const facts = await warehouse.query<{ key: number; problem: string }>(wrongFacts, [since, upTo]);
  differences.push(...facts.rows.map(({ key, problem }) => ({ relation: 'analytics.fct_transactions', key, problem })));
  return {
    loadSeq: upTo,
    events,
    keys,
    differencesTotal: differences.length,
    differences: differences.slice(0, shownMax),
  };
}

interface Versioned {
  raw: string;
  changes: string;
  latest: string;
  dimension: string;
  key: string;
  columns: string[];
}

const tables: Versioned[] = [
  {
    raw: 'raw.customers',
    changes: 'staging.stg_customer_changes',
    latest: 'staging.stg_customers',
    dimension: 'analytics.dim_customers',
    key: 'customer_id',
    columns: ['first_name', 'last_name', 'email', 'phone', 'date_of_birth', 'cust_address', 'cust_status'],
  },
  {
    raw: 'raw.accounts',
    changes: 'staging.stg_account_changes',
    latest: 'staging.stg_accounts',
    dimension: 'analytics.dim_accounts',
    key: 'account_id',
    columns: ['customer_id', 'account_type', 'account_status', 'balance', 'interest_rate', 'currency'],
  },
];

function newIn(column: string): string {
  return `${column} > $1 and ${column} <= $2`;
}

/** Under REPLICA IDENTITY FULL each update and delete carries the whole row that it replaces. */
function brokenLinks({ raw, changes, key }: Versioned) {
  const sql = `
    select change.${key} as key,
      'the change at (' || change.lsn || ', ' || change.seq || ') does not follow from the one before it' as problem
    from ${changes} as change
    join ${raw} as event on event.lsn = change.lsn and event.seq = change.seq
    left join lateral (
      select lsn, seq from ${changes} as earlier
      where earlier.${key} = change.${key} and (earlier.lsn, earlier.seq) < (change.lsn, change.seq)
      order by earlier.lsn desc, earlier.seq desc limit 1
    ) as earlier on true
    left join ${raw} as previous on previous.lsn = earlier.lsn and previous.seq = earlier.seq
    where change.load_seq > $1 and change.load_seq <= $2
      and change.op in ('u', 'd') and event.payload->'before' ? 'created_at'
      and (earlier.lsn is null or previous.payload->'after' <> event.payload->'before')
    limit ${shownMax}`;
  return { relation: raw, sql };
}

function wrongVersions({ changes, dimension, key }: Versioned) {
  const sql = `
    select key, 'it has ' || held || ' versions, the log has ' || logged as problem
    from (select distinct ${key} as key from ${changes} where ${newIn('load_seq')} and ${key} is not null) as touched
    cross join lateral (
      select count(*) as logged from ${changes} as change where change.${key} = touched.key and change.op not in ('d', 't')
    ) as log
    cross join lateral (select count(*) as held from ${dimension} as version where version.${key} = touched.key) as dim
    where logged <> held
    limit ${shownMax}`;
  return { relation: dimension, sql };
}

function wrongCurrentRow({ changes, latest, dimension, key, columns }: Versioned) {
  const list = (alias: string) => columns.map((column) => `${alias}.${column}`).join(', ');
  const sql = `
    select latest.${key} as key,
      case when latest.is_deleted then 'it is deleted and has a current version'
        when version.${key} is null then 'it lives and has no current version'
        else 'its current version is not the latest row' end as problem
    from (select distinct ${key} as key from ${changes} where ${newIn('load_seq')} and ${key} is not null) as touched
    join ${latest} as latest on latest.${key} = touched.key
    left join ${dimension} as version on version.${key} = latest.${key} and version.is_current
    where latest.is_deleted = (version.${key} is not null)
      or (not latest.is_deleted and (${list('latest')}) is distinct from (${list('version')}))
    limit ${shownMax}`;
  return { relation: dimension, sql };
}

const wrongFacts = `
  select txn.transaction_id as key,
    case when fact.transaction_id is null then 'it is missing' else 'it is not as staging has it' end as problem
  from staging.stg_transactions as txn
  left join analytics.fct_transactions as fact on fact.transaction_id = txn.transaction_id
  where ${newIn('txn.load_seq')}
    and (fact.transaction_id is null
      or (fact.amount, fact.txn_status, fact.is_deleted, fact.lsn, fact.seq)
        is distinct from (txn.amount, txn.txn_status, txn.is_deleted, txn.lsn, txn.seq))
  limit ${shownMax}`;
