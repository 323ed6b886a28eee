import { delimiter, join, resolve } from 'node:path';
import { packageRoot } from '../kernel/paths.js';

/**
 * Absolute paths of the folders that a setting names, separated by `:`. Unset, it is the folder `name` where Millrace
 * was started. The examples' own folder comes last, unless they are left out.
 */
export function foldersOf(setting: string | undefined, name: 'dags' | 'dashboards', examples: boolean): string[] {
  const named = setting === undefined ? [name] : setting.split(delimiter).filter((path) => path !== '');
  const ours = join(packageRoot, name);
  // In a clone of Millrace, the working folder's are the examples.
  const own = named.map((path) => resolve(path)).filter((path) => path !== ours);
  return [...new Set(examples ? [...own, ours] : own)];
}
