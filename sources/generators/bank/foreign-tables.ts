import type pg from 'pg';
import { MillraceError } from '../../../kernel/errors.js';

/** The tables of the bank and their columns. */
const bankColumns: Record<string, string> = {
  currencies: 'code name',
  customers: 'id first_name last_name email phone date_of_birth address status created_at updated_at',
  accounts:
    'id account_number customer_id account_type status balance opening_balance interest_rate currency opened_at closed_at created_at updated_at',
  transactions:
    'id account_id related_account_id txn_type direction amount balance_after status reference description reversal_of created_at posted_at updated_at',
  ledger_entries: 'id transaction_id account_id entry_type amount created_at',
};

const bankFunctions = [
  'touch_updated_at',
  'keep_opening_balance',
  'post_transactions',
  'post_inserted_transactions',
  'post_settled_transactions',
  'check_transaction_change',
  'keep_counterparts',
];

/**
 * Makes sure that the bank takes nothing from others: a table of its name has its columns (and maybe
 * more), and functions of its names
 * stand beside its tables only. Throws SOURCE_FOREIGN before anything is changed.
 */
export async function refuseForeignTables(client: pg.PoolClient): Promise<void> {
  const { rows } = await client.query<{ name: string; kind: string; columns: string[] }>(
    `select relname as name, relkind as kind,
            array(select attname::text from pg_attribute
                   where attrelid = c.oid and attnum > 0 and not attisdropped) as columns
       from pg_class c where relnamespace = current_schema()::regnamespace and relname = any ($1) order by relname`,
    [Object.keys(bankColumns)],
  );
  for (const { name, kind, columns } of rows) {
    const own = (bankColumns[name] as string).split(' ');
    if (kind !== 'r') throw foreign(`the relation ${name}, which is no ordinary table`);
    const [missing] = own.filter((column) => !columns.includes(column));
    if (missing) throw foreign(`a table ${name} that is not the example bank's: it has no column ${missing}`);
  }
  if (rows.length > 0) return;
  const { rows: functions } = await client.query<{ name: string }>(
    `select proname as name from pg_proc where pronamespace = current_schema()::regnamespace and proname = any ($1) limit 1`,
    [bankFunctions],
  );
  if (functions[0]) throw foreign(`a function ${functions[0].name}, which the example bank would replace`);
}

function foreign(what: string): MillraceError {
  return new MillraceError('SOURCE_FOREIGN', `The source database has ${what}.`, {
    hint: 'Set SOURCE_URL to a database for the bank alone, or start with --no-examples.',
  });
}
