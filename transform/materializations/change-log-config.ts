import { MillraceError } from '../../kernel/errors.js';
import type { NodeConfig } from '../project/config.js';
import { readSnapshotConfig, type SnapshotConfig } from './snapshot-config.js';

/** A snapshot whose query gives the events of a change log instead of the rows as they are now. */
export interface ChangeLogConfig extends SnapshotConfig {
  updatedAt: string;
  /** Columns that say where in the log an event stands, most significant first: `[lsn, seq]`. No two events of a key stand at one place. */
  orderBy: string[];
  /** The column with the event's kind, in Debezium's letters unless the two lists say otherwise; null when the log has no deletes. */
  op: string | null;
  deleteOps: string[];
  /** Kinds of events that have no key and end every key's version. */
  truncateOps: string[];
  /** A column that never falls from one load to the next: events below the greatest that was read are not read again. */
  watermark: string | null;
}

/** Reads the config of a snapshot with `strategy: change_log`. Throws SQL_PROJECT_INVALID that names what is missing. */
export function readChangeLogConfig(config: NodeConfig, where: string): ChangeLogConfig {
  const fail = (message: string): never => {
    throw new MillraceError('SQL_PROJECT_INVALID', `${where}: ${message}`);
  };
  const shared = readSnapshotConfig(config, where);
  const orderBy = texts(config['order_by']);
  if (orderBy.length === 0) fail('the strategy change_log needs "order_by": the columns of the log\'s order');
  const op = textOrNull(config['op']);
  const saysOps = config['delete_ops'] !== undefined || config['truncate_ops'] !== undefined;
  if (op === null && saysOps) fail('"delete_ops" and "truncate_ops" need "op", the column that they stand in');
  const isSaid = [config['hard_deletes'], config['invalidate_hard_deletes']].some(
    (each) => each !== undefined && each !== null,
  );
  return {
    ...shared,
    updatedAt: shared.updatedAt as string,
    // The log says what was deleted: to believe it is the default.
    hardDeletes: isSaid ? shared.hardDeletes : 'invalidate',
    orderBy,
    op,
    deleteOps: config['delete_ops'] === undefined ? ['d'] : texts(config['delete_ops']),
    truncateOps: config['truncate_ops'] === undefined ? ['t'] : texts(config['truncate_ops']),
    watermark: textOrNull(config['watermark']),
  };
}

function texts(value: unknown): string[] {
  if (Array.isArray(value)) return value.map(String).filter((each) => each !== '');
  return typeof value === 'string' && value !== '' ? [value] : [];
}

function textOrNull(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}
