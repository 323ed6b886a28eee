import Database from 'better-sqlite3';
import { MillraceError } from '../../kernel/errors.js';
import { damaged, faultsOf } from './damage.js';

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
  let database: Database.Database | undefined;
  try {
    database = new Database(path, { fileMustExist: true });
    const faults = faultsOf(database);
    if (faults.length > 0) throw damaged(path, faults.join('; '));
    return {
      schema: database.pragma('user_version', { simple: true }) as number,
      runs: database.prepare('select count(*) from dag_run').pluck().get() as number,
    };
  } catch (error) {
    throw error instanceof MillraceError ? error : damaged(path, error);
  } finally {
    database?.close();
  }
}
