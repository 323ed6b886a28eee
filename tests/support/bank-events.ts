import type { Row } from '../../sources/cdc/envelope.js';
import { changeEvent, eventTime } from './change-events.js';

const time = new Date(eventTime - 60_000).toISOString();

export function customerRow(id: number, change: Row = {}): Row {
  const name = { first_name: 'Ada', last_name: `Number ${id}`, email: `${id}@example.org`, phone: null };
  const rest = {
    date_of_birth: '1990-02-03',
    address: 'A street',
    status: 'ACTIVE',
    created_at: time,
    updated_at: time,
  };
  return { id, ...name, ...rest, ...change };
}

export function accountRow(id: number, change: Row = {}): Row {
  const kind = { account_number: `AC${id}`, customer_id: 1, account_type: 'SAVINGS', status: 'ACTIVE' };
  const money = { balance: '100.00', interest_rate: '1.50', currency: 'USD' };
  return { id, ...kind, ...money, opened_at: time, closed_at: null, created_at: time, updated_at: time, ...change };
}

export function transactionRow(id: number, change: Row = {}): Row {
  const kind = { account_id: 1, related_account_id: null, txn_type: 'DEPOSIT', direction: 'CREDIT', amount: '25.50' };
  const rest = { balance_after: null, status: 'COMPLETED', reference: null, description: null, reversal_of: null };
  return { id, ...kind, ...rest, created_at: time, posted_at: null, updated_at: time, ...change };
}

/** The five events of one deposit of 25.50 on account 1, as the source commits them at that position. */
export function depositEvents(id: number, lsn: number, balanceBefore: string, balanceAfter: string) {
  const inserted = transactionRow(id);
  const posted = { ...inserted, balance_after: balanceAfter, posted_at: time };
  const entry = { transaction_id: id, amount: '25.50', created_at: time };
  return [
    changeEvent({ table: 'transactions', lsn, seq: 0, after: inserted }),
    changeEvent({
      table: 'accounts',
      op: 'u',
      lsn,
      seq: 1,
      before: accountRow(1, { balance: balanceBefore }),
      after: accountRow(1, { balance: balanceAfter }),
    }),
    changeEvent({
      table: 'ledger_entries',
      lsn,
      seq: 2,
      after: { id: 2 * id, account_id: 1, entry_type: 'DEBIT', ...entry },
    }),
    changeEvent({
      table: 'ledger_entries',
      lsn,
      seq: 3,
      after: { id: 2 * id + 1, account_id: null, entry_type: 'CREDIT', ...entry },
    }),
    changeEvent({ table: 'transactions', op: 'u', lsn, seq: 4, before: inserted, after: posted }),
  ];
}
