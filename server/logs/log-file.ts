import { type FileHandle, open } from 'node:fs/promises';
import { type LogLevel, type LogLine, logLevels, parseLogLine } from './log-line.js';

/** A place in the file is remembered for every so many lines. */
const indexEveryLines = 256;
const readBytes = 256 * 1024;
/** A longer line is shown cut; the download has all of it. */
const lineCharsMax = 10_000;
const errorsMax = 1000;
/** How far before a line one looks for the level that it belongs to. */
const contextLines = 50;

/**
 * A log file that may be large and may still grow. Keeps a sparse index (the byte offset of every 256th line, and which
 * lines are errors), extended by what was appended since, so that any range of lines costs one short read.
 */
export class LogFile {
  readonly path: string;
  readonly #mask: (text: string) => string;
  /** Byte offset of line 1, 257, 513 … */
  #offsets: number[] = [0];
  #lines = 0;
  #indexedBytes = 0;
  #errors: number[] = [];
  #warnings = 0;
  #partial = '';
  #refreshing: Promise<void> | undefined;

  /** `mask` hides the secrets in a line. */
  constructor(path: string, mask: (text: string) => string = (text) => text) {
    this.path = path;
    this.#mask = mask;
  }

  /** Takes in what was appended. Resolves to false when there is no file. */
  async refresh(): Promise<boolean> {
    let handle: FileHandle;
    try {
      handle = await open(this.path, 'r');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
      throw error;
    }
    try {
      this.#refreshing ??= this.#index(handle).finally(() => {
        this.#refreshing = undefined;
      });
      await this.#refreshing;
      return true;
    } finally {
      await handle.close();
    }
  }

  /** Complete lines, and the last one when it has no line break yet. */
  get lineCount(): number {
    return this.#lines + (this.#partial === '' ? 0 : 1);
  }

  get bytes(): number {
    return this.#indexedBytes;
  }

  /** Numbers of the lines at level ERROR or of an uncaught error; the first thousand. */
  get errorLines(): readonly number[] {
    return this.#errors;
  }

  get warningCount(): number {
    return this.#warnings;
  }

  /** The lines from number `from` (1 is the first) on, at most `count`. */
  async read(from: number, count: number): Promise<LogLine[]> {
    const first = Math.max(1, Math.floor(from));
    const last = Math.min(this.lineCount, first + count - 1);
    if (last < first) return [];
    const block = Math.floor((first - 1) / indexEveryLines);
    const handle = await open(this.path, 'r');
    try {
      return await this.#readLines(handle, block, first, last);
    } finally {
      await handle.close();
    }
  }

  /**
   * The lines of that level and above from number `from` on, at most `count`. A line without a level of its own (of a
   * subprocess, of a stack) belongs to the one before it.
   */
  async readFromLevel(from: number, count: number, level: LogLevel): Promise<LogLine[]> {
    const found: LogLine[] = [];
    const least = logLevels.indexOf(level);
    const step = indexEveryLines * 8;
    let current: LogLevel = 'info';
    for (let at = Math.max(1, from - contextLines); at <= this.lineCount && found.length < count; at += step) {
      for (const line of await this.read(at, step)) {
        current = line.level ?? current;
        if (line.number < from || logLevels.indexOf(current) < least) continue;
        if (found.length < count) found.push(line);
      }
    }
    return found;
  }

  /** Numbers of the lines that contain the text, whatever the case; at most `hitsMax`. */
  async search(text: string, hitsMax: number): Promise<{ lines: number[]; complete: boolean }> {
    const needle = text.toLowerCase();
    const lines: number[] = [];
    for (let from = 1; from <= this.lineCount; from += indexEveryLines * 8) {
      for (const line of await this.read(from, indexEveryLines * 8)) {
        if (!line.text.toLowerCase().includes(needle)) continue;
        if (lines.length >= hitsMax) return { lines, complete: false };
        lines.push(line.number);
      }
    }
    return { lines, complete: true };
  }

  async #index(handle: FileHandle): Promise<void> {
    const { size } = await handle.stat();
    if (size < this.#indexedBytes) this.#forget();
    const buffer = Buffer.allocUnsafe(readBytes);
    while (this.#indexedBytes < size) {
      const { bytesRead } = await handle.read(
        buffer,
        0,
        Math.min(readBytes, size - this.#indexedBytes),
        this.#indexedBytes,
      );
      if (bytesRead === 0) return;
      this.#take(buffer.subarray(0, bytesRead), this.#indexedBytes);
      this.#indexedBytes += bytesRead;
    }
  }

  #take(chunk: Buffer, at: number): void {
    let start = 0;
    for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, start)) {
      this.#note(this.#partial + chunk.toString('utf8', start, end));
      this.#partial = '';
      start = end + 1;
      if (this.#lines % indexEveryLines === 0) this.#offsets.push(at + start);
    }
    const rest = chunk.toString('utf8', start);
    if (this.#partial.length < lineCharsMax) this.#partial += rest;
  }

  #note(line: string): void {
    this.#lines++;
    const level = /^\d{4}-\S+ +(ERROR|CRITICAL|FATAL|WARN(?:ING)?)\b/.exec(line)?.[1];
    if (level?.startsWith('WARN')) this.#warnings++;
    const uncaught = /^(\w*Error|Uncaught \w*)\b.*:/.test(line);
    if (((level && !level.startsWith('WARN')) || uncaught) && this.#errors.length < errorsMax)
      this.#errors.push(this.#lines);
  }

  async #readLines(handle: FileHandle, block: number, first: number, last: number): Promise<LogLine[]> {
    const found: LogLine[] = [];
    let number = block * indexEveryLines + 1;
    let position = this.#offsets[block] ?? 0;
    let rest = Buffer.alloc(0);
    const buffer = Buffer.allocUnsafe(readBytes);
    while (number <= last) {
      const { bytesRead } = await handle.read(buffer, 0, readBytes, position);
      position += bytesRead;
      const chunk = Buffer.concat([rest, buffer.subarray(0, bytesRead)]);
      let start = 0;
      for (let end = chunk.indexOf(10); end >= 0 && number <= last; end = chunk.indexOf(10, start)) {
        if (number >= first) found.push(parseLogLine(cutLine(this.#mask(chunk.toString('utf8', start, end))), number));
        number++;
        start = end + 1;
      }
      rest = chunk.subarray(start);
      if (bytesRead === 0) {
        if (number <= last && rest.length > 0)
          found.push(parseLogLine(cutLine(this.#mask(rest.toString('utf8'))), number));
        break;
      }
    }
    return found;
  }

  #forget(): void {
    this.#offsets = [0];
    this.#lines = 0;
    this.#indexedBytes = 0;
    this.#errors = [];
    this.#warnings = 0;
    this.#partial = '';
  }
}

/** Keeps the indexes of the logs that were read last. */
export class LogFiles {
  readonly #files = new Map<string, LogFile>();
  readonly #mask: (text: string) => string;
  static readonly filesMax = 50;

  constructor(mask: (text: string) => string) {
    this.#mask = mask;
  }

  /** The file, its index brought up to date; undefined when there is none. */
  async open(path: string): Promise<LogFile | undefined> {
    const file = this.#files.get(path) ?? new LogFile(path, this.#mask);
    if (!(await file.refresh())) return undefined;
    this.#files.delete(path);
    this.#files.set(path, file);
    if (this.#files.size > LogFiles.filesMax) {
      const oldest = this.#files.keys().next().value;
      if (oldest !== undefined) this.#files.delete(oldest);
    }
    return file;
  }
}

function cutLine(line: string): string {
  const text = line.endsWith('\r') ? line.slice(0, -1) : line;
  return text.length <= lineCharsMax
    ? text
    : `${text.slice(0, lineCharsMax)} … (${text.length - lineCharsMax} more characters)`;
}
