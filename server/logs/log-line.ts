import { fromIso, type Instant } from '../../kernel/time.js';

export type LogLevel = 'debug' | 'info' | 'warning' | 'error';

/** From the least to the gravest. */
export const logLevels: readonly LogLevel[] = ['debug', 'info', 'warning', 'error'];

/** The level that a reader has chosen to begin with; undefined when they want every line. */
export function levelOf(text: unknown): LogLevel | undefined {
  return logLevels.find((level) => level === text);
}

/** One line of a task's log. A raw line (of a subprocess, of a stack) has no time and no level of its own. */
export interface LogLine {
  /** From 1. */
  number: number;
  at: Instant | null;
  level: LogLevel | null;
  text: string;
  /** `::group::name` opens a foldable part, `::endgroup::` closes it. */
  group: 'open' | 'close' | null;
}

const levels: Record<string, LogLevel> = {
  TRACE: 'debug',
  DEBUG: 'debug',
  INFO: 'info',
  NOTICE: 'info',
  WARN: 'warning',
  WARNING: 'warning',
  ERROR: 'error',
  CRITICAL: 'error',
  FATAL: 'error',
};

/** Reads `2026-01-01T00:00:00.000Z INFO text`; anything else is a raw line. */
export function parseLogLine(line: string, number: number): LogLine {
  const match = /^(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:Z|[+-]\d{2}:?\d{2})) +([A-Z]+) ?(.*)$/s.exec(line);
  const level = match ? levels[match[2] as string] : undefined;
  const at = match ? fromIso(match[1] as string) : undefined;
  if (!match || level === undefined || at === undefined) return { number, at: null, level: null, ...grouped(line) };
  return { number, at, level, ...grouped(match[3] as string) };
}

function grouped(text: string): Pick<LogLine, 'text' | 'group'> {
  if (text.startsWith('::group::')) return { text: text.slice('::group::'.length), group: 'open' };
  if (text.startsWith('::endgroup::')) return { text: '', group: 'close' };
  return { text, group: null };
}
