import { readFileSync } from 'node:fs';
import { relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describeError } from '../../kernel/errors.js';
import type { ImportError } from '../model/dag.js';

/** Lines of source shown before and after the place. */
const linesAround = 2;

interface Place {
  /** Absolute path. */
  path: string;
  /** From 1. */
  line: number;
  /** From 1. */
  column: number;
}

/** Whatever went wrong with a DAG file, with the place in the author's own source. */
export function importErrorOf(thrown: unknown, of: { fileloc: string; folder: string }): ImportError {
  const built = buildErrorOf(thrown, of.folder);
  const place = built?.place ?? placeOfStack(thrown, of.folder);
  const path = place ? relative(of.folder, place.path).split(sep).join('/') : of.fileloc;
  const message = built?.message ?? describeError(thrown);
  return {
    fileloc: of.fileloc,
    message: path === of.fileloc ? message : `${message} (in ${path})`,
    line: place?.line ?? null,
    column: place?.column ?? null,
    excerpt: place ? excerptOf(place) : null,
    stack: thrown instanceof Error && !built ? (thrown.stack ?? null) : null,
  };
}

/** The first error of esbuild's: it names its place itself, with columns from 0. */
function buildErrorOf(thrown: unknown, folder: string): { message: string; place: Place | undefined } | undefined {
  const errors = (thrown as { errors?: unknown } | null)?.errors;
  if (!Array.isArray(errors) || typeof errors[0]?.text !== 'string') return undefined;
  const { text, location } = errors[0] as {
    text: string;
    location: { file: string; line: number; column: number } | null;
  };
  const path = location && (location.file.startsWith('/') ? location.file : `${folder}/${location.file}`);
  return {
    message: errors.length > 1 ? `${text} (and ${errors.length - 1} more)` : text,
    place: location && path ? { path, line: location.line, column: location.column + 1 } : undefined,
  };
}

/** The innermost frame that lies in the DAG folder; Node has mapped it to the source already. */
function placeOfStack(thrown: unknown, folder: string): Place | undefined {
  const stack = thrown instanceof Error ? (thrown.stack ?? '') : '';
  for (const frame of stack.matchAll(/(?:\(|at )((?:file:\/\/)?\/[^()\n]+?):(\d+):(\d+)\)?$/gm)) {
    const path = frame[1]?.startsWith('file:') ? fileURLToPath(frame[1]) : (frame[1] as string);
    if (!path.startsWith(folder + sep) || path.includes(`${sep}node_modules${sep}`)) continue;
    return { path, line: Number(frame[2]), column: Number(frame[3]) };
  }
  return undefined;
}

function excerptOf({ path, line, column }: Place): string | null {
  let lines: string[];
  try {
    lines = readFileSync(path, 'utf8').split('\n');
  } catch {
    // Without its source there is no excerpt; the message and the line are still told.
    return null;
  }
  const from = Math.max(1, line - linesAround);
  const until = Math.min(lines.length, line + linesAround);
  const width = String(until).length;
  const shown: string[] = [];
  for (let at = from; at <= until; at++) {
    shown.push(`${at === line ? '>' : ' '} ${String(at).padStart(width)} | ${lines[at - 1]}`);
    if (at === line) shown.push(`  ${' '.repeat(width)} | ${' '.repeat(Math.max(0, column - 1))}^`);
  }
  return shown.join('\n');
}
