import type Database from 'better-sqlite3';
import { describeError, MillraceError } from '../../kernel/errors.js';

/** What is wrong with a database: pages, indexes, references. Throws nothing for damage: it is the answer. */
export function faultsOf(database: Database.Database): string[] {
  try {
    const found = database.pragma(`integrity_check(${faultsMax})`) as { integrity_check: string }[];
    const faults = found.map((row) => row.integrity_check).filter((text) => text !== 'ok');
    const orphans = database.pragma('foreign_key_check') as { table: string; rowid: number; parent: string }[];
    const references = orphans
      .slice(0, faultsMax)
      .map(({ table, rowid, parent }) => `row ${rowid} of ${table} refers to a ${parent} that does not exist`);
    return [...faults, ...references];
  } catch (error) {
    if (isDamage(error)) return [describeError(error)];
    throw error;
  }
}

/** Faults that are told one by one; more say no more. */
const faultsMax = 20;

/** SQLite's own words for a file that is not what it wrote. */
export function isDamage(error: unknown): boolean {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' && /^SQLITE_(CORRUPT|NOTADB|IOERR_(SHORT_READ|CORRUPTFS))/.test(code);
}

export function damaged(path: string, cause: unknown): MillraceError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new MillraceError('STORE_UNUSABLE', `${path} is damaged: ${why}`, {
    hint: 'Keep it, and restore the latest backup into a new folder: `millrace restore FILE`.',
  });
}
