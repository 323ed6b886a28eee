import Database from 'better-sqlite3';
import { describeError, MillraceError } from '../../kernel/errors.js';

/** What a file of metadata holds. */
export interface StoreFacts {
  schema: number;
  runs: number;
}

/**
 * Reads a metadata file that nobody else has open, and checks it whole: pages, indexes, foreign keys. Throws
 * STORE_UNUSABLE that says what is wrong.
 */
export function inspectStore(path: string): StoreFacts {
  let database: Database.Database;
  try {
    database = new Database(path, { fileMustExist: true });
  } catch (error) {
    throw unusable(path, describeError(error));
  }
  try {
    const faults = database.pragma('integrity_check(10)') as { integrity_check: string }[];
    const wrong = faults.map((row) => row.integrity_check).filter((text) => text !== 'ok');
    if (wrong.length > 0) throw unusable(path, wrong.join('; '));
    const orphans = database.pragma('foreign_key_check') as { table: string }[];
    if (orphans.length > 0) throw unusable(path, `${orphans.length} rows of ${orphans[0]?.table} refer to nothing`);
    return {
      schema: database.pragma('user_version', { simple: true }) as number,
      runs: database.prepare('select count(*) from dag_run').pluck().get() as number,
    };
  } catch (error) {
    if (error instanceof MillraceError) throw error;
    throw unusable(path, describeError(error));
  } finally {
    database.close();
  }
}

function unusable(path: string, why: string): MillraceError {
  return new MillraceError('STORE_UNUSABLE', `${path} is damaged: ${why}`, { hint: 'Restore a backup.' });
}
