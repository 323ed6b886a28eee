import { existsSync } from 'node:fs';
import { readSettings, type Settings, settingNames } from '../kernel/config.js';
import { childEnvironment } from '../scheduler/executor/child-environment.js';

/** The settings of this process: the environment, and what `.env` in the working folder adds to it. */
export function readEnvironment(): Settings {
  if (existsSync('.env')) process.loadEnvFile('.env');
  return readSettings(process.env);
}

/** The environment of the processes that run DAG code: theirs of ours, with the settings as they are in effect. */
export function authorEnvironment(settings: Settings): Record<string, string> {
  const texts = settingNames.map((name) => [name, settings[name]?.toString()]);
  return childEnvironment({ ...process.env, ...Object.fromEntries(texts) });
}
