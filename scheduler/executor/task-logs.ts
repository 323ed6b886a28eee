import { writeSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import type { LogLevel } from '../dag/runtime.js';

/**
 * The log of one try is one file, appended to by its attempts. An entry is one line,
 *
 *     2026-01-01T00:00:00.000Z INFO text
 *
 * the time in UTC, the level one of DEBUG, INFO, WARNING, ERROR. A text of several lines is several entries of the same
 * time. `::group::name` and `::endgroup::` as texts begin and end a section that folds. A line without this head was
 * written by a subprocess straight into the file, or by the runtime of Node, and stays as it is.
 */
export interface LogEntry {
  /** ISO time in UTC; null for a line of a subprocess. */
  timestamp: string | null;
  level: LogLevel | null;
  /** The text of the line. */
  event: string;
}

/** Part of a log file. */
export interface LogRange {
  entries: LogEntry[];
  /** Where the next range begins: bytes from the start of the file. */
  nextOffset: number;
  /** Whether the file ended here when it was read. */
  atEnd: boolean;
}

/** Bytes that one range holds at most. */
const rangeBytesMax = 1024 * 1024;

const entryHead = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z) (DEBUG|INFO|WARNING|ERROR) /;

/** One line of a log file as an entry. */
export function parseLogLine(line: string): LogEntry {
  const head = entryHead.exec(line);
  if (!head) return { timestamp: null, level: null, event: line };
  return { timestamp: head[1] as string, level: head[2] as LogLevel, event: line.slice(head[0].length) };
}

/**
 * Reads whole lines of a log file from `offset`. A last line without its end is left for the next call, unless `final`
 * says that nothing will be added. A file that does not exist (yet) is an empty one.
 */
export async function readLogRange(
  path: string,
  offset: number,
  options: { bytesMax?: number; final?: boolean } = {},
): Promise<LogRange> {
  const file = await openIfPresent(path);
  if (!file) return { entries: [], nextOffset: offset, atEnd: true };
  try {
    const buffer = Buffer.alloc(Math.min(options.bytesMax ?? rangeBytesMax, rangeBytesMax));
    const { bytesRead } = await file.read(buffer, 0, buffer.length, offset);
    const { size } = await file.stat();
    const atEnd = offset + bytesRead >= size;
    const isFull = bytesRead === buffer.length;
    const used = wholeLines(buffer.subarray(0, bytesRead), isFull, atEnd && options.final === true);
    const text = buffer.toString('utf8', 0, used);
    const lines = text === '' ? [] : text.replace(/\n$/, '').split('\n');
    return { entries: lines.map(parseLogLine), nextOffset: offset + used, atEnd };
  } finally {
    await file.close();
  }
}

/**
 * Turns what a stream writes, in any pieces, into entries. A line's head is written with its first piece, and each
 * piece at once: nothing waits in memory for a newline that a crash would never let come. What the disk does not take (it
 * is full) fails nobody: the next piece that it takes comes after an entry that says how much is missing.
 */
export class LineWriter {
  readonly #fd: number;
  readonly #now: () => Date;
  readonly #mask: (text: string) => string;
  #open: LogLevel | null = null;
  #missingLines = 0;
  #missingWhy = '';

  /** `mask` hides secrets in what is written; one that comes in several pieces is hidden where the log is read. */
  constructor(fd: number, now: () => Date, mask: (text: string) => string = (text) => text) {
    this.#fd = fd;
    this.#now = now;
    this.#mask = mask;
  }

  /** Writes one piece of a stream of that level. */
  write(level: LogLevel, piece: string): void {
    if (piece === '') return;
    let out = this.#open !== null && this.#open !== level ? '\n' : '';
    let isOpen = this.#open === level;
    const head = `${this.#now().toISOString()} ${level} `;
    const lines = this.#mask(piece).split('\n');
    lines.forEach((line, at) => {
      const isLast = at === lines.length - 1;
      if (!isLast || line !== '') out += isOpen ? line : head + line;
      if (!isLast) out += '\n';
      isOpen = isLast && (line !== '' || (isOpen && at === 0));
    });
    this.#open = isOpen ? level : null;
    this.#append(out);
  }

  /** Writes an entry of its own, ending a line that is open. */
  entry(level: LogLevel, text: string): void {
    this.endLine();
    this.#append(entriesOf(this.#now(), level, this.#mask(text)));
  }

  /** Ends an open line. */
  endLine(): void {
    if (this.#open === null) return;
    this.#open = null;
    this.#append('\n');
  }

  #append(text: string): void {
    try {
      if (this.#missingLines > 0) {
        const said = `${this.#missingLines} lines before the next one could not be written: ${this.#missingWhy}`;
        writeAll(this.#fd, entriesOf(this.#now(), 'WARNING', said));
        this.#missingLines = 0;
      }
      writeAll(this.#fd, text);
    } catch (error) {
      this.#missingLines += Math.max(1, text.split('\n').length - 1);
      this.#missingWhy = error instanceof Error ? error.message : String(error);
    }
  }
}

/** One text as entries of the same time. */
function entriesOf(at: Date, level: LogLevel, text: string): string {
  const head = `${at.toISOString()} ${level} `;
  return text
    .split('\n')
    .map((line) => `${head}${line}\n`)
    .join('');
}

function writeAll(fd: number, text: string): void {
  const bytes = Buffer.from(text, 'utf8');
  for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at);
}

async function openIfPresent(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, 'r');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** How many bytes of the buffer are whole lines; a line that fills the buffer is cut, at a character's border. */
function wholeLines(bytes: Buffer, isFull: boolean, isFinal: boolean): number {
  const end = bytes.lastIndexOf(0x0a) + 1;
  if (isFinal) return bytes.length;
  if (end > 0 || !isFull) return end;
  let cut = bytes.length;
  while (cut > 0 && ((bytes[cut - 1] as number) & 0xc0) === 0x80) cut--;
  return Math.max(0, cut - 1);
}
