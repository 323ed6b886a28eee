import { existsSync } from 'node:fs';
import { readSettings, type Settings } from '../kernel/config.js';

/** The settings of this process: the environment, and what `.env` in the working folder adds to it. */
export function readEnvironment(): Settings {
  if (existsSync('.env')) process.loadEnvFile('.env');
  return readSettings(process.env);
}
