import { askServer } from '../control-socket.js';
import { homeAt } from '../home.js';
import { readEnvironment } from '../read-environment.js';

/** `millrace url [NAME]`: the connection string of a database, with its password, for psql and BI tools. */
export async function url(database: string): Promise<void> {
  const home = homeAt(readEnvironment().MILLRACE_HOME);
  process.stdout.write(`${await askServer(home.controlSocketPath, 'databaseUrl', { database })}\n`);
}
