import type { SqlOptions } from './options.js';
import { openSession } from './session.js';

export async function parseCommand(options: SqlOptions): Promise<number> {
  const started = performance.now();
  const { printer } = await openSession('parse', options);
  printer.info(`Parsed in ${((performance.now() - started) / 1000).toFixed(2)}s`);
  return 0;
}
