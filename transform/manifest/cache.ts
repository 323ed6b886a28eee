import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Json } from '../../kernel/json.js';
import type { Capture } from './capture.js';

/** Grows with every change of what is stored or how it is made. */
const cacheFormat = 3;

interface Stored {
  format: number;
  captures: Record<string, Capture>;
  yaml: Record<string, Json>;
  /** What the environment was where templates read it: another one makes the captures worthless. */
  env: Record<string, string | null>;
}

/**
 * What was learned of files before, found again by the checksum of all that went into it: YAML by its text, a node's capture by its text and
 * everything that may change the rendering (macros, vars, target, environment). Kept in memory; on disk when a folder is given.
 */
export class CaptureCache {
  readonly #path: string | null;
  readonly #before: Stored;
  readonly #now: Stored = { format: cacheFormat, captures: {}, yaml: {}, env: {} };
  readonly #env: Record<string, string | undefined>;
  #isNew = false;
  #world = '';

  constructor(folder: string | null, projectName: string, env: Record<string, string | undefined>) {
    this.#env = env;
    this.#path = folder === null ? null : join(folder, `${projectName}.parse.json`);
    this.#before = read(this.#path);
    const changed = Object.entries(this.#before.env).some(([name, value]) => (env[name] ?? null) !== value);
    if (changed) this.#before.captures = {};
    else this.#now.env = { ...this.#before.env };
  }

  /** Remembers the value of a variable that a template read. */
  noteEnv(name: string): void {
    this.#now.env[name] = this.#env[name] ?? null;
  }

  /** Sets the checksum of what may change the rendering of any node. */
  setWorld(checksum: string): void {
    this.#world = checksum.slice(0, 32);
  }

  capture(of: string, make: () => Capture): Capture {
    const key = `${this.#world}:${of}`;
    const known = this.#now.captures[key] ?? this.#before.captures[key];
    const capture = known ?? make();
    if (!known) this.#isNew = true;
    this.#now.captures[key] = capture;
    return structuredClone(capture);
  }

  yaml(checksum: string, make: () => Json): Json {
    const known = this.#now.yaml[checksum] ?? this.#before.yaml[checksum];
    const value = known ?? make();
    if (known === undefined) this.#isNew = true;
    this.#now.yaml[checksum] = value;
    return structuredClone(value);
  }

  /** Writes what this parse used, when something of it was new. Readers see the old file or the new one, whole. */
  save(): void {
    const unused =
      Object.keys(this.#before.captures).length + Object.keys(this.#before.yaml).length >
      Object.keys(this.#now.captures).length + Object.keys(this.#now.yaml).length;
    if (this.#path === null || (!this.#isNew && !unused)) return;
    mkdirSync(dirname(this.#path), { recursive: true });
    const temporary = `${this.#path}.${process.pid}.tmp`;
    writeFileSync(temporary, JSON.stringify(this.#now));
    renameSync(temporary, this.#path);
  }
}

function read(path: string | null): Stored {
  const empty: Stored = { format: cacheFormat, captures: {}, yaml: {}, env: {} };
  if (path === null || !existsSync(path)) return empty;
  try {
    const stored = JSON.parse(readFileSync(path, 'utf8')) as Stored;
    return stored.format === cacheFormat ? stored : empty;
  } catch {
    // A cache that cannot be read is no cache: everything is read anew and written again.
    return empty;
  }
}
