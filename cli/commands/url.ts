import { MillraceError } from '../../kernel/errors.js';
import { serverDatabase } from '../server-database.js';

/** `millrace url [NAME]`: the connection string of a database, with its password, for psql and BI tools. */
export async function url(database: string): Promise<void> {
  if (database !== 'source' && database !== 'warehouse') {
    throw new MillraceError('REQUEST_INVALID', `There is no database called ${database}.`, {
      hint: 'Ask for warehouse or source.',
    });
  }
  process.stdout.write(`${await serverDatabase(database)}\n`);
}
