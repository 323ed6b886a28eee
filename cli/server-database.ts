import { MillraceError } from '../kernel/errors.js';
import { askServer } from './control-socket.js';
import { homeAt } from './home.js';
import { readEnvironment } from './read-environment.js';
import { requireWarehouse } from './warehouse.js';

/** Connection string of the source or the warehouse: that of the setting, else of the server that runs. */
export async function serverDatabase(database: 'source' | 'warehouse'): Promise<string> {
  const settings = readEnvironment();
  const given = database === 'source' ? settings.SOURCE_URL : settings.WAREHOUSE_URL;
  if (given !== undefined) return requireWarehouse(given);
  const url = await askServer(homeAt(settings.MILLRACE_HOME).controlSocketPath, 'databaseUrl', { database });
  if (typeof url === 'string') return url;
  throw new MillraceError('INTERNAL', `The server answered ${JSON.stringify(url)} instead of a connection string.`);
}
