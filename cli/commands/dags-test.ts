import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { MillraceError } from '../../kernel/errors.js';
import type { JsonObject } from '../../kernel/json.js';
import { compileDagFile } from '../../scheduler/dag/compile.js';
import type { Dag } from '../../scheduler/dag/dag.js';
import { dagsOf, importModule } from '../../scheduler/dag/import-dags.js';
import { linkMillrace, storeBundle } from '../../scheduler/dag/import-file.js';
import { type DagFile, listDagFiles } from '../../scheduler/maintenance/dag-sync.js';
import { type TestedRun, testDag } from '../../scheduler/testing/test-dag.js';
import { print } from '../ask.js';
import { foldersOf } from '../folders.js';
import { readEnvironment } from '../read-environment.js';
import { textTable } from '../table.js';

export interface DagsTestOptions {
  conf?: string;
  logicalDate?: string;
  only?: string[];
  json?: boolean;
}

/**
 * Runs a DAG once in this process, without a server: every task, its log when it fails, exit code 1 when the run fails.
 * Connections are those of the settings (WAREHOUSE_URL, SOURCE_URL, OBJECT_STORE_URL).
 */
export async function testDagCommand(dagId: string, options: DagsTestOptions): Promise<void> {
  const settings = readEnvironment();
  const files = foldersOf(settings.MILLRACE_DAGS, 'dags', true).flatMap(listDagFiles);
  const { dag, path } = await findDag(dagId, files);
  const urls = { warehouse: settings.WAREHOUSE_URL, source: settings.SOURCE_URL, lake: settings.OBJECT_STORE_URL };
  const connections = Object.fromEntries(Object.entries(urls).filter((entry): entry is [string, string] => !!entry[1]));
  const run = await testDag(dag, {
    connections,
    baseFolder: dirname(path),
    ...(options.conf === undefined ? {} : { conf: objectOf(options.conf) }),
    ...(options.logicalDate === undefined ? {} : { logicalDate: options.logicalDate }),
    ...(options.only === undefined ? {} : { only: options.only }),
  });
  print(options.json ? JSON.stringify(run, null, 2) : report(dagId, run));
  if (run.state !== 'success') process.exitCode = 1;
}

/** The DAG and its file. Files that name the id are imported first: no code runs that need not. */
async function findDag(dagId: string, files: DagFile[]): Promise<{ dag: Dag; path: string }> {
  const paths = files.map(({ folder, fileloc }) => ({ folder, path: join(folder, fileloc) }));
  const naming = paths.filter(({ path }) => readFileSync(path, 'utf8').includes(dagId));
  for (const { folder, path } of [...naming, ...paths.filter((file) => !naming.includes(file))]) {
    const dag = (await importHere(path, folder)).find((candidate) => candidate.dagId === dagId);
    if (dag) return { dag, path };
  }
  throw new MillraceError('DAG_NOT_FOUND', `no file declares a DAG "${dagId}"`, {
    hint: `Looked at ${files.map(({ fileloc }) => fileloc).join(', ') || 'no file: set MILLRACE_DAGS'}.`,
  });
}

async function importHere(path: string, folder: string): Promise<Dag[]> {
  const bundles = mkdtempSync(join(tmpdir(), 'millrace-dags-test-'));
  try {
    linkMillrace(bundles);
    const bundle = await storeBundle(bundles, 'dag', await compileDagFile(path, folder), folder);
    process.setSourceMapsEnabled(true);
    return dagsOf(await importModule(pathToFileURL(bundle).href));
  } finally {
    rmSync(bundles, { recursive: true, force: true });
  }
}

function objectOf(text: string): JsonObject {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as JsonObject;
  } catch {
    // Told below: it is no JSON object either way.
  }
  throw new MillraceError('REQUEST_INVALID', `--conf is ${text}, which is no JSON object`);
}

function report(dagId: string, run: TestedRun): string {
  const rows = Object.entries(run.tasks).map(([id, task]) => [
    id,
    task.state ?? 'none',
    task.tryNumber,
    task.returnValue === undefined ? '' : shorten(JSON.stringify(task.returnValue)),
  ]);
  const failed = Object.entries(run.tasks).filter(([, { state }]) => state === 'failed');
  const mail = run.emails.map(({ to, subject }) => `e-mail to ${to.join(', ')}: ${subject}\n`);
  const triggered = run.triggered.map((wish) => `would trigger ${wish.dagId} with ${JSON.stringify(wish.conf)}\n`);
  return [
    `${dagId}: ${run.state}\n\n`,
    textTable(['task', 'state', 'try', 'returned'], rows),
    ...mail,
    ...triggered,
    ...failed.map(([id, { log }]) => `\n${id}\n${log.replace(/^/gm, '  ')}\n`),
  ].join('');
}

function shorten(text: string): string {
  return text.length > 60 ? `${text.slice(0, 59)}…` : text;
}
