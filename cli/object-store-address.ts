import { pathToFileURL } from 'node:url';
import type { Settings } from '../kernel/config.js';
import type { Home } from './home.js';

/** Where change events land, with the keys apart. */
export interface ObjectStoreAddress {
  url: string;
  accessKey?: string;
  secretKey?: string;
}

/** The bucket of the settings, else a folder in the home. */
export function objectStoreAddress(settings: Settings, home: Home): ObjectStoreAddress {
  const { OBJECT_STORE_ACCESS_KEY: accessKey, OBJECT_STORE_SECRET_KEY: secretKey } = settings;
  return {
    url: settings.OBJECT_STORE_URL ?? pathToFileURL(home.lakeFolder).href,
    ...(accessKey === undefined ? {} : { accessKey }),
    ...(secretKey === undefined ? {} : { secretKey }),
  };
}
