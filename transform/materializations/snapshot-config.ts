import { MillraceError } from '../../kernel/errors.js';
import type { NodeConfig } from '../project/config.js';
import { isObject } from '../project/yaml.js';

export interface MetaColumns {
  validFrom: string;
  validTo: string;
  scdId: string;
  updatedAt: string;
  isDeleted: string;
}

export interface SnapshotConfig {
  strategy: string;
  /** Expressions, one per part of the key. */
  keys: string[];
  updatedAt: string | null;
  checkCols: 'all' | string[] | null;
  hardDeletes: 'ignore' | 'invalidate' | 'new_record';
  /** SQL expression of `dbt_valid_to` of the current row; null means NULL. */
  validToCurrent: string | null;
  columns: MetaColumns;
  /** Guards that dbt does not have: duplicate or missing keys are errors, validity never goes back, an empty source deletes nothing. */
  strict: boolean;
  /** Strict mode: the largest share of current rows that one run may close as deleted, in percent. */
  strictDeletedPercentMax: number | null;
}

/** Reads a snapshot's config. Throws SQL_PROJECT_INVALID that names what is missing or contradicts itself. */
export function readSnapshotConfig(config: NodeConfig, where: string): SnapshotConfig {
  const fail = (message: string): never => {
    throw new MillraceError('SQL_PROJECT_INVALID', `${where}: ${message}`);
  };
  const strategy = config['strategy'];
  if (typeof strategy !== 'string' || strategy === '')
    return fail('a snapshot needs a "strategy": timestamp, check, change_log, or one of your own');
  const key = config['unique_key'];
  const keys = Array.isArray(key) ? key.map(String) : typeof key === 'string' && key !== '' ? [key] : [];
  if (keys.length === 0) fail('a snapshot needs a "unique_key"');
  const updatedAt = typeof config['updated_at'] === 'string' ? config['updated_at'] : null;
  const checkCols = readCheckColumns(config['check_cols'], fail);
  if (strategy === 'timestamp' && updatedAt === null) fail('the strategy timestamp needs "updated_at"');
  if (strategy === 'timestamp' && checkCols !== null) fail('the strategy timestamp does not use "check_cols"');
  if (strategy === 'check' && checkCols === null)
    fail('the strategy check needs "check_cols": all, or a list of columns');
  if (strategy === 'change_log' && updatedAt === null)
    fail('the strategy change_log needs "updated_at", the column that says when a change was made');
  if (strategy === 'change_log' && checkCols !== null) fail('the strategy change_log does not use "check_cols"');
  return {
    strategy,
    keys,
    updatedAt,
    checkCols,
    hardDeletes: readHardDeletes(config, fail),
    validToCurrent: typeof config['dbt_valid_to_current'] === 'string' ? config['dbt_valid_to_current'] : null,
    columns: readMetaColumns(config),
    strict: config['strict'] === true,
    strictDeletedPercentMax:
      typeof config['strict_deleted_percent_max'] === 'number' ? config['strict_deleted_percent_max'] : null,
  };
}

/** Condition of a current row. */
export function isCurrent({ columns, validToCurrent }: SnapshotConfig): string {
  return validToCurrent === null
    ? `${columns.validTo} is null`
    : `(${columns.validTo} = ${validToCurrent} or ${columns.validTo} is null)`;
}

function readCheckColumns(value: unknown, fail: (message: string) => never): SnapshotConfig['checkCols'] {
  if (value === undefined || value === null) return null;
  if (value === 'all') return 'all';
  if (Array.isArray(value) && value.length > 0) return value.map(String);
  return fail('"check_cols" must be all, or a list of columns');
}

function readHardDeletes(config: NodeConfig, fail: (message: string) => never): SnapshotConfig['hardDeletes'] {
  const legacy = config['invalidate_hard_deletes'];
  const value = config['hard_deletes'];
  if (value !== undefined && value !== null && legacy !== undefined && legacy !== null)
    return fail('"hard_deletes" and "invalidate_hard_deletes" say the same thing: keep hard_deletes');
  if (legacy === true) return 'invalidate';
  if (value === undefined || value === null) return 'ignore';
  if (value === 'ignore' || value === 'invalidate' || value === 'new_record') return value;
  return fail(`"hard_deletes" must be ignore, invalidate or new_record; got ${JSON.stringify(value)}`);
}

function readMetaColumns(config: NodeConfig): MetaColumns {
  const names = isObject(config['snapshot_meta_column_names']) ? config['snapshot_meta_column_names'] : {};
  const name = (key: string) => (typeof names[key] === 'string' && names[key] !== '' ? (names[key] as string) : key);
  return {
    validFrom: name('dbt_valid_from'),
    validTo: name('dbt_valid_to'),
    scdId: name('dbt_scd_id'),
    updatedAt: name('dbt_updated_at'),
    isDeleted: name('dbt_is_deleted'),
  };
}
