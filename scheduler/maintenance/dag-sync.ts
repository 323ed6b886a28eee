import { type FSWatcher, readdirSync, readFileSync, statSync, watch } from 'node:fs';
import { join, relative, sep } from 'node:path';
import type { Clock } from '../../kernel/time.js';
import type { ImportResult } from '../dag/import-file.js';
import type { ImportError, ImportedFile } from '../model/dag.js';

export interface DagSyncOptions {
  clock: Clock;
  /** Absolute paths of the folders with DAG files. One that does not exist (yet) is empty. */
  folders: string[];
  /** Imports files in a child (`loadDagFiles`). */
  load(files: DagFile[]): Promise<ImportResult[]>;
  /** Takes over what changed. It is called again with the same when it rejects. */
  report(changes: DagChanges): Promise<void>;
  /** Told of what is wrong with the watching itself, never of a DAG file's own error. */
  onFault(error: unknown): void;
  /** Milliseconds from a change on disk to the import, so that an editor's several writes are one; 100. */
  settleMs?: number;
  /** Milliseconds between two looks at the disk, for changes that no event tells of; 5,000. */
  checkIntervalMs?: number;
}

export interface DagFile {
  folder: string;
  /** Path in the folder, with `/`. */
  fileloc: string;
}

export interface DagChanges {
  files: ImportedFile[];
  errors: ImportError[];
  /** Files that are gone. */
  removed: string[];
}

interface KnownFile {
  /** Size and time of every file that it was made of. */
  stamp: string;
  inputs: string[];
  dagIds: string[];
}

/** Keeps the scheduler's DAGs in step with the folders: watches, imports what changed, and reports it. */
export class DagSync {
  readonly #options: Required<DagSyncOptions>;
  readonly #known = new Map<string, KnownFile>();
  #watchers: FSWatcher[] = [];
  #cancelTimer: () => void = () => {};
  #syncing: Promise<void> | undefined;
  #isDirty = false;
  #isStopped = false;

  constructor(options: DagSyncOptions) {
    this.#options = { settleMs: 100, checkIntervalMs: 5_000, ...options };
  }

  /** Imports every file once, and then watches. Rejects when the first report does. */
  async start(): Promise<void> {
    await this.#sync();
    if (this.#isStopped) return;
    for (const folder of this.#options.folders) this.#watch(folder);
    this.#wait(this.#options.checkIntervalMs);
  }

  /** Looks at the disk now, and resolves when what changed is reported. */
  async syncNow(): Promise<void> {
    await this.#syncing;
    await this.#sync();
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#cancelTimer();
    for (const watcher of this.#watchers) watcher.close();
    await this.#syncing?.catch(() => {
      // It has been told of by whoever waits for it.
    });
  }

  #watch(folder: string): void {
    try {
      const watcher = watch(folder, { recursive: true }, () => this.#wait(this.#options.settleMs));
      watcher.on('error', (error) => this.#options.onFault(error));
      this.#watchers.push(watcher);
    } catch (error) {
      // The look every few seconds still finds each change.
      this.#options.onFault(error);
    }
  }

  #wait(delayMs: number): void {
    if (this.#isStopped) return;
    if (this.#syncing) {
      this.#isDirty = true;
      return;
    }
    this.#cancelTimer();
    this.#cancelTimer = this.#options.clock.after(delayMs, () => {
      this.#isDirty = false;
      this.#sync()
        .catch((error) => this.#options.onFault(error))
        .finally(() => this.#wait(this.#isDirty ? this.#options.settleMs : this.#options.checkIntervalMs));
    });
  }

  #sync(): Promise<void> {
    const syncing = this.#syncOnce().finally(() => {
      this.#syncing = undefined;
    });
    this.#syncing = syncing;
    return syncing;
  }

  async #syncOnce(): Promise<void> {
    const present = new Map(this.#options.folders.flatMap(listDagFiles).map((file) => [file.fileloc, file]));
    const removed = [...this.#known.keys()].filter((fileloc) => !present.has(fileloc));
    const changed = [...present.values()].filter((file) => this.#isChanged(file));
    if (changed.length === 0 && removed.length === 0) return;
    const startedAt = this.#options.clock.now();
    const results = changed.length === 0 ? [] : await this.#options.load(changed);
    const next = new Map(this.#known);
    for (const fileloc of removed) next.delete(fileloc);
    const changes: DagChanges = { files: [], errors: [], removed };
    results.forEach(({ outcome, inputs }, at) => {
      const file = changed[at] as DagFile;
      const checked = 'file' in outcome ? refuseTakenIds(outcome.file, next) : outcome;
      if ('file' in checked) changes.files.push(checked.file);
      else changes.errors.push(checked.error);
      const dagIds =
        'file' in checked ? checked.file.dags.map((dag) => dag.dagId) : (next.get(file.fileloc)?.dagIds ?? []);
      next.set(file.fileloc, { stamp: stampOf(inputs, startedAt), inputs, dagIds });
    });
    await this.#options.report(changes);
    this.#known.clear();
    for (const [fileloc, known] of next) this.#known.set(fileloc, known);
  }

  #isChanged({ fileloc }: DagFile): boolean {
    const known = this.#known.get(fileloc);
    return !known || stampOf(known.inputs) !== known.stamp;
  }
}

/** Files that may declare DAGs: TypeScript and JavaScript that names both a `Dag` and where it comes from. */
export function listDagFiles(folder: string): DagFile[] {
  const found: DagFile[] = [];
  const walk = (path: string) => {
    for (const entry of listFolder(path)) {
      if (entry.name.startsWith('.') || entry.name === 'node_modules') continue;
      const inner = join(path, entry.name);
      if (entry.isDirectory()) walk(inner);
      else if (isDagFile(inner)) found.push({ folder, fileloc: relative(folder, inner).split(sep).join('/') });
    }
  };
  walk(folder);
  return found.sort((a, b) => (a.fileloc < b.fileloc ? -1 : 1));
}

function isDagFile(path: string): boolean {
  if (!/\.[cm]?[tj]s$/.test(path) || /\.(d|test|spec)\.[cm]?[tj]s$/.test(path)) return false;
  const text = readFileSync(path, 'utf8');
  return /\bDag\b/.test(text) && /['"](millrace|apache-airflow-ts-sdk|@apache-airflow\/ts-sdk)['"]/.test(text);
}

function listFolder(path: string) {
  try {
    return readdirSync(path, { withFileTypes: true });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

/** Two files that declare one DAG: the one that had it first keeps it. */
function refuseTakenIds(
  file: ImportedFile,
  known: Map<string, KnownFile>,
): { file: ImportedFile } | { error: ImportError } {
  for (const { dagId } of file.dags) {
    const other = [...known].find(([fileloc, { dagIds }]) => fileloc !== file.fileloc && dagIds.includes(dagId));
    if (!other) continue;
    const message = `Dag "${dagId}" is already declared by ${other[0]}. Give it another id.`;
    return { error: { fileloc: file.fileloc, message, line: null, column: null, excerpt: null, stack: null } };
  }
  return { file };
}

/** What changes when one of the files does. A file that is younger than `readSince` may have been read half: no stamp fits it. */
function stampOf(paths: string[], readSince = Number.POSITIVE_INFINITY): string {
  return paths
    .map((path) => {
      const stats = statSync(path, { throwIfNoEntry: false });
      if (stats && stats.mtimeMs >= readSince) return 'changed while it was read';
      return stats ? `${stats.mtimeMs}:${stats.size}:${stats.ino}` : 'gone';
    })
    .join(' ');
}
