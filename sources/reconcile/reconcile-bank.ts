import type pg from 'pg';
import type { ObjectStore } from '../../connectors/object-store.js';
import { type Clock, sleep } from '../../kernel/time.js';
import { parseObjectKey } from '../cdc/envelope.js';
import { formatLsn } from '../cdc/lsn.js';
import { connectSource } from '../cdc/replication-stream.js';
import {
  type BankTableName,
  bankRelations,
  bankTableNames,
  changedSince,
  changeLogHashes,
  dimensionFaults,
  dimensionHashes,
  fact,
  factHashes,
  lastVersionBefore,
} from './bank-relations.js';
import { compareHashes, type RowDifference, readHashes, readTableHashes, type TableHashes } from './row-hashes.js';
import { openSourceState, type SourceState } from './source-state.js';

export interface ReconcileOptions {
  sourceUrl: string;
  warehouseUrl: string;
  /** Where change capture puts its objects: raw has passed the point when all that begin before it are loaded. */
  store: ObjectStore;
  /** The slot of change capture. */
  slotName: string;
  timeoutMs: number;
  /** How long differences of the models must stay the same before they count; 20 s when unset. */
  settleMs?: number;
  clock: Clock;
  signal?: AbortSignal;
  onProgress?(progress: ReconcileProgress): void;
}

export interface ReconcileProgress {
  stage: 'source' | 'capture' | 'load' | 'raw' | 'models';
  message: string;
}

export interface ReconcileDifference {
  /** What differs from the source: `raw.accounts`, `analytics.dim_accounts`, … */
  relation: string;
  /** The primary key of the row; null when it is about the whole relation. */
  key: number | null;
  problem: string;
}

export interface ReconcileResult {
  /** The point of the source's log at which all was compared, such as `0/16B3748`; null when it did not come to that. */
  position: string | null;
  /** False when the warehouse did not come so far in time: what was compared until then is in `differences`. */
  reached: boolean;
  /** What it still waited for, as a sentence; null when reached. */
  waitingFor: string | null;
  /** The first of them; `differencesTotal` counts all. */
  differences: ReconcileDifference[];
  differencesTotal: number;
  tables: Record<
    string,
    { sourceRows: number; warehouseRows: number; sourceSum: string | null; warehouseSum: string | null }
  >;
  seconds: number;
}

/**
 * Compares the bank's source with the warehouse at one point of the source's log, while both go on: the change log in
 * `raw` reduced to commits before the point, row by row and column by column, and the versions of the dimensions and
 * the rows of the fact that were valid then.
 */
export async function reconcileBank(options: ReconcileOptions): Promise<ReconcileResult> {
  const { clock, sourceUrl, warehouseUrl } = options;
  const startedAt = clock.monotonic();
  const source = await connectSource(sourceUrl, 'millrace reconcile');
  const warehouse = await connectSource(warehouseUrl, 'millrace reconcile');
  try {
    const run = new Reconciliation(options, source, warehouse);
    await run.compare().finally(() => run.close());
    const { differences, waitingFor, tables, position } = run;
    return {
      position,
      reached: waitingFor === null,
      waitingFor,
      differences: differences.slice(0, differencesShownMax),
      differencesTotal: differences.length,
      tables,
      seconds: (clock.monotonic() - startedAt) / 1000,
    };
  } finally {
    await source.end();
    await warehouse.end();
  }
}

class Reconciliation {
  differences: ReconcileDifference[] = [];
  waitingFor: string | null = null;
  position: string | null = null;
  readonly tables: ReconcileResult['tables'] = {};
  #options: ReconcileOptions;
  #source: pg.Client;
  #warehouse: pg.Client;
  #deadline: number;
  #state: SourceState | null = null;
  #unsettled: { differences: string; since: number } | null = null;

  constructor(options: ReconcileOptions, source: pg.Client, warehouse: pg.Client) {
    this.#options = options;
    this.#source = source;
    this.#warehouse = warehouse;
    this.#deadline = options.clock.monotonic() + options.timeoutMs;
  }

  async compare(): Promise<void> {
    // The slot is active once its snapshot is stored; before that, no point of the log is whole in the warehouse.
    if (!(await this.#until(() => this.#isStreaming()))) return;
    this.#say('source', 'hashing the source under one consistent snapshot');
    this.#state = await openSourceState(this.#options.sourceUrl);
    this.position = formatLsn(this.#point);
    this.#say('capture', `waiting until everything before ${this.position} is in the object store`);
    if (!(await this.#until(() => this.#isCaptured()))) return;
    await this.#compareRaw();
    if (this.waitingFor !== null) return;
    this.#say('models', 'comparing the dimensions and the fact');
    await this.#until(() => this.#compareModels());
  }

  async close(): Promise<void> {
    await this.#state?.close();
  }

  get #point(): number {
    return (this.#state as SourceState).point;
  }

  #say(stage: ReconcileProgress['stage'], message: string): void {
    this.#options.onProgress?.({ stage, message });
  }

  async #compareRaw(): Promise<void> {
    const keys = await this.#objectsBefore();
    this.#say('load', `waiting until ${keys.length} objects are loaded`);
    let pending = keys;
    const isLoaded = async () => {
      pending = await this.#notLoaded(pending);
      return pending.length === 0 || `${pending.length} objects to be loaded, such as ${pending[0]}`;
    };
    if (!(await this.#until(isLoaded))) return;
    this.#say('raw', 'comparing the change log');
    this.differences = await this.#quarantined(keys);
    const found: Partial<Record<BankTableName, TableHashes>> = {};
    for (const table of bankTableNames) {
      found[table] = await readTableHashes(this.#warehouse, changeLogHashes(table, this.#point));
    }
    const expected = await this.#expected();
    for (const table of bankTableNames) this.#compareTable(table, expected[table], found[table] as TableHashes);
  }

  #expected(): SourceState['tables'] {
    return (this.#state as SourceState).tables;
  }

  async #isStreaming(): Promise<true | string> {
    const { slotName } = this.#options;
    const { rows } = await this.#source.query('select active from pg_replication_slots where slot_name = $1', [
      slotName,
    ]);
    if (rows.length === 0) return `the replication slot ${slotName}, which does not exist`;
    return rows[0].active || 'change capture to stream';
  }

  async #isCaptured(): Promise<true | string> {
    const { rowCount } = await this.#source.query(
      'select from pg_replication_slots where slot_name = $1 and confirmed_flush_lsn >= $2::pg_lsn',
      [this.#options.slotName, this.position],
    );
    return rowCount === 1 || `change capture to store everything before ${this.position}`;
  }

  /** Keys of all objects with events that were committed before the point. */
  async #objectsBefore(): Promise<string[]> {
    const keys: string[] = [];
    for (const table of bankTableNames) {
      for await (const { key } of this.#options.store.list(`${table}/`)) {
        const parsed = parseObjectKey(key);
        if (parsed && parsed.first.lsn < this.#point) keys.push(key);
      }
    }
    return keys;
  }

  async #notLoaded(keys: readonly string[]): Promise<string[]> {
    const { rows } = await this.#warehouse.query(
      `select key from unnest($1::text[]) as k (key)
        where not exists (select from millrace.load_ledger l where l.bucket = $2 and l.key = k.key)
          and not exists (select from millrace.load_quarantine q
                           where q.bucket = $2 and q.key = k.key and q.resolved_at is null and q.released_at is null)`,
      [keys, this.#options.store.bucket],
    );
    return rows.map((row) => row.key);
  }

  async #quarantined(keys: readonly string[]): Promise<ReconcileDifference[]> {
    const { rows } = await this.#warehouse.query(
      `select key, table_name, reason from millrace.load_quarantine
        where bucket = $2 and key = any ($1) and resolved_at is null order by key`,
      [keys, this.#options.store.bucket],
    );
    return rows.map(({ key, table_name: table, reason }) => ({
      relation: `raw.${table}`,
      key: null,
      problem: `the object ${key} is in quarantine: ${reason}`,
    }));
  }

  #compareTable(table: BankTableName, expected: TableHashes, actual: TableHashes): void {
    this.tables[table] = {
      sourceRows: expected.rows.keys.length,
      warehouseRows: actual.rows.keys.length,
      sourceSum: expected.sum,
      warehouseSum: actual.sum,
    };
    this.#add(`raw.${table}`, compareHashes(expected.rows, actual.rows));
  }

  /** Answers what it waits for while a dimension has not come to the point; differences then count only when it has. */
  async #compareModels(): Promise<true | string> {
    for (const table of ['customers', 'accounts'] as const) {
      const late = await this.#lateDimension(table);
      if (late) return late;
    }
    const before = this.differences.length;
    await this.#compareDimension('customers');
    await this.#compareDimension('accounts');
    await this.#compareFact();
    const found = this.differences.slice(before);
    if (found.length === 0 || this.#isSettled(JSON.stringify(found))) return true;
    this.differences.length = before;
    return `the models to agree: ${found.length} rows do not, such as ${found[0]?.key} of ${found[0]?.relation}`;
  }

  /** A run of the models brings one after the other: differences count when they stay the same for longer than that. */
  #isSettled(differences: string): boolean {
    const now = this.#options.clock.monotonic();
    if (this.#unsettled?.differences !== differences) this.#unsettled = { differences, since: now };
    return now - this.#unsettled.since >= (this.#options.settleMs ?? settleMsDefault);
  }

  async #lateDimension(table: 'customers' | 'accounts'): Promise<string | null> {
    const { relation, key } = bankRelations[table].dimension as { relation: string; key: string };
    const exists = await this.#warehouse.query('select to_regclass($1) is not null as it', [relation]);
    if (!exists.rows[0].it) return `${relation} to be built`;
    const { rows } = await this.#warehouse.query(lastVersionBefore(table, this.#point));
    if (rows.length === 0) return null;
    const found = await this.#warehouse.query(`select from ${relation} where ${key} = $1 and lsn = $2 and seq = $3`, [
      rows[0].key,
      rows[0].lsn,
      rows[0].seq,
    ]);
    return found.rowCount ? null : `${relation} to take in what is loaded`;
  }

  async #compareDimension(table: 'customers' | 'accounts'): Promise<void> {
    const { relation } = bankRelations[table].dimension as { relation: string };
    const { models: expected } = (await this.#expected())[table];
    const actual = await readHashes(this.#warehouse, dimensionHashes(table, this.#point));
    this.#add(relation, compareHashes(expected, actual));
    const { rows } = await this.#warehouse.query(`${dimensionFaults(table)} limit 100`);
    for (const { key, fault } of rows) this.differences.push({ relation, key: Number(key), problem: fault });
  }

  async #compareFact(): Promise<void> {
    const { models: expected } = (await this.#expected()).transactions;
    const actual = await readHashes(this.#warehouse, factHashes());
    const { rows } = await this.#warehouse.query(changedSince('transactions', this.#point));
    const changed = new Set(rows.map(({ key }) => Number(key)));
    this.#add(
      fact.relation,
      compareHashes(expected, actual, (key) => changed.has(key)),
    );
  }

  #add(relation: string, differences: readonly RowDifference[]): void {
    for (const { key, kind } of differences) this.differences.push({ relation, key, problem: problems[kind] });
  }

  /** Looks until the condition holds; after the deadline, what it waits for is kept and the answer is false. */
  async #until(condition: () => Promise<true | string>): Promise<boolean> {
    for (;;) {
      const answer = await condition();
      if (answer === true) return true;
      if (this.#options.clock.monotonic() >= this.#deadline) {
        this.waitingFor = answer;
        return false;
      }
      await this.#pause(lookMs);
    }
  }

  async #pause(delayMs: number): Promise<void> {
    await sleep(this.#options.clock, delayMs, this.#options.signal);
  }
}

const problems: Record<RowDifference['kind'], string> = {
  missing: 'is in the source, not here',
  unexpected: 'is here, not in the source',
  different: 'is not as in the source',
};

const lookMs = 250;
const settleMsDefault = 20_000;
const differencesShownMax = 100;
