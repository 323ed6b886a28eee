import { join } from 'node:path';
import { createLog, type Log, openLogFile } from '../kernel/log.js';
import type { Clock } from '../kernel/time.js';
import type { Home } from './home.js';

/** The log of a server: JSON lines in `logs/millrace.log`, the same for people on standard error. */
export function openServerLog(
  home: Home,
  level: 'debug' | 'info' | 'warn' | 'error',
  clock: Clock,
): { log: Log; close(): void } {
  const file = openLogFile(join(home.logFolder, 'millrace.log'));
  const colour = process.stderr.isTTY === true && process.env['NO_COLOR'] === undefined;
  return { log: createLog({ level, clock, file, console: process.stderr, colour }), close: file.close };
}
