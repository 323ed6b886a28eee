import { MillraceError } from '../kernel/errors.js';
import type { ControlMethods } from './control-socket.js';
import type { Databases } from './databases.js';

/** What the commands may ask of a running server. */
export function controlMethods({ databases }: { databases: Databases }): ControlMethods {
  return {
    async databaseUrl({ database }) {
      const urls: Record<string, string | null> = { warehouse: databases.warehouseUrl, source: databases.sourceUrl };
      const url = typeof database === 'string' && Object.hasOwn(urls, database) ? urls[database] : undefined;
      if (url) return url;
      throw new MillraceError('REQUEST_INVALID', `There is no database called ${database}.`, {
        hint: 'Ask for warehouse or source.',
      });
    },
  };
}
