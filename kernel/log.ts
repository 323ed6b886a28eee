import { closeSync, fstatSync, openSync, renameSync, writeSync } from 'node:fs';
import { type Level, pino } from 'pino';
import { type Clock, toIso } from './time.js';

/** What a line of the log carries besides its sentence. Never secrets. */
export type LogFields = Record<string, unknown>;

/** Where programs say what they did. The sentence comes first, what a machine filters by comes in the fields. */
export interface Log {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  /** A log whose lines all name this part of the program. */
  child(part: string): Log;
}

export interface LogOptions {
  level: Extract<Level, 'debug' | 'info' | 'warn' | 'error'>;
  clock: Clock;
  /** Receives one JSON line per call; null = no file. */
  file: LineSink | null;
  /** Receives one line for people per call; null = silent. */
  console: LineSink | null;
  /** Colours on the console. */
  colour: boolean;
}

export interface LineSink {
  write(line: string): void;
}

const levelNames: Record<number, string> = { 20: 'debug', 30: 'info', 40: 'warn', 50: 'error' };

/** JSON lines for machines into the file, and the same as readable lines on the console. */
export function createLog(options: LogOptions): Log {
  const sink = {
    write(line: string) {
      options.file?.write(line);
      options.console?.write(forPeople(line, options.colour));
    },
  };
  const root = pino(
    { level: options.level, base: null, timestamp: () => `,"time":"${toIso(options.clock.now())}"` },
    sink,
  );
  return wrap(root);
}

/** Says nothing: for tests and for commands whose output is their answer. */
export const silentLog: Log = {
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
  child: () => silentLog,
};

function wrap(logger: pino.Logger): Log {
  return {
    debug: (message, fields) => logger.debug(fields ?? {}, message),
    info: (message, fields) => logger.info(fields ?? {}, message),
    warn: (message, fields) => logger.warn(fields ?? {}, message),
    error: (message, fields) => logger.error(fields ?? {}, message),
    child: (part) => wrap(logger.child({ part })),
  };
}

const dim = '\u001b[2m';
const reset = '\u001b[0m';
const colours: Record<string, string> = { debug: dim, info: '', warn: '\u001b[33m', error: '\u001b[31m' };

function forPeople(line: string, colour: boolean): string {
  const { time, level, part, msg, error } = JSON.parse(line) as Record<string, string> & { level: number };
  const name = levelNames[level] ?? 'info';
  const head = `${String(time).slice(11, 19)} ${(part ?? 'millrace').padEnd(10)}`;
  const mark = name === 'warn' || name === 'error' ? `${name}: ` : '';
  const tail = error === undefined ? '' : `: ${error}`;
  return colour
    ? `${dim}${head}${reset} ${colours[name]}${mark}${msg}${tail}${reset}\n`
    : `${head} ${mark}${msg}${tail}\n`;
}

export const logFileBytesMax = 16 * 1024 * 1024;
export const logFilesMax = 5;

/**
 * Appends to a file, and moves it to `<path>.1` (and that to `.2` …) when it has grown to `bytesMax`. Each line is
 * written before `write` returns, so that a line that was logged before a kill can be read after it. A line that the
 * disk does not take (it is full) never harms who logs it: the next one that it takes says how many are missing.
 */
export function openLogFile(path: string, bytesMax = logFileBytesMax): LineSink & { close(): void } {
  let file = openSized(path);
  let missing = 0;
  let reason = '';

  /** The old descriptor is closed last: when the new one cannot be had, it stays. */
  function reopen(): void {
    const old = file.descriptor;
    file = openSized(path);
    closeSync(old);
  }

  function append(line: string): void {
    if (file.bytes >= bytesMax) {
      rotate(path);
      reopen();
    }
    file.bytes += writeSync(file.descriptor, line);
  }

  return {
    write(line) {
      try {
        if (missing > 0) {
          reopen();
          append(
            `${JSON.stringify({ level: 40, msg: `${missing} lines before the next one could not be written: ${reason}` })}\n`,
          );
          missing = 0;
        }
        append(line);
      } catch (thrown) {
        missing += 1;
        reason = thrown instanceof Error ? thrown.message : String(thrown);
      }
    },
    close: () => closeSync(file.descriptor),
  };
}

function openSized(path: string): { descriptor: number; bytes: number } {
  const descriptor = openSync(path, 'a', 0o600);
  return { descriptor, bytes: fstatSync(descriptor).size };
}

function rotate(path: string): void {
  for (let number = logFilesMax - 1; number >= 1; number--) {
    renameIfPresent(number === 1 ? path : `${path}.${number - 1}`, `${path}.${number}`);
  }
}

function renameIfPresent(from: string, to: string): void {
  try {
    renameSync(from, to);
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code !== 'ENOENT') throw thrown;
  }
}
