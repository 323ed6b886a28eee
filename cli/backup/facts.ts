import { type Settings, secretSettings, settingNames } from '../../kernel/config.js';
import type { Home } from '../home.js';
import { objectStoreAddress } from '../object-store-address.js';

/** What a backup needs to know of the server, or of the settings when none runs. */
export interface BackupFacts extends SettingsFacts {
  /** Connection string of the embedded PostgreSQL that runs; null when none does. */
  embeddedUrl: string | null;
}

interface SettingsFacts {
  objectStoreUrl: string;
  /** Whether the objects lie in the data folder. */
  hasOwnLake: boolean;
  /** MILLRACE_SECRET_KEY is kept by whoever starts the server, not in the data folder. */
  hasOwnKey: boolean;
  /** Settings that are no secret, by name. */
  settings: Record<string, string>;
}

export function settingsFacts(settings: Settings, home: Home): SettingsFacts {
  const shown = settingNames.filter((name) => !secretSettings.has(name) && settings[name] !== undefined);
  return {
    objectStoreUrl: objectStoreAddress(settings, home).url,
    hasOwnLake: settings.OBJECT_STORE_URL === undefined,
    hasOwnKey: settings.MILLRACE_SECRET_KEY === undefined,
    settings: Object.fromEntries(shown.map((name) => [name, String(settings[name])])),
  };
}
