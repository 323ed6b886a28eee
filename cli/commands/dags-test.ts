<<<<<<< HEAD
import { mkdtempSync, rmSync } from 'node:fs';
=======
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
>>>>>>> refs/heads/main
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { MillraceError } from '../../kernel/errors.js';
<<<<<<< HEAD
import type { Dag } from '../../scheduler/dag/dag.js';
import { dagsOf, importModule } from '../../scheduler/dag/import-dags.js';
import { importDagFile } from '../../scheduler/dag/import-file.js';
import { type DagFile, listDagFiles } from '../../scheduler/maintenance/dag-sync.js';
import { testDag } from '../../scheduler/testing/test-dag.js';
import { print } from '../ask.js';
import { askServer } from '../control-socket.js';
import { foldersOf } from '../folders.js';
import { homeAt } from '../home.js';
import { objectStoreAddress } from '../object-store-address.js';
import { readEnvironment } from '../read-environment.js';
import { textTable } from '../table.js';
import { parseConf } from './dags.js';

export interface DagTestOptions {
  conf?: string;
  logicalDate?: string;
  only?: string[];
}

/** `millrace dags test DAG`: exit code 1 when the run fails. The connections are those of the server, if one runs. */
export async function testDagFile(dagId: string, options: DagTestOptions): Promise<void> {
  const bundlesFolder = mkdtempSync(join(tmpdir(), 'millrace-dags-test-'));
  try {
    const { dag, file } = await findDag(dagId, bundlesFolder);
    const run = await testDag(dag, {
      conf: parseConf(options.conf),
      connections: await connections(),
      baseFolder: dirname(join(file.folder, file.fileloc)),
      ...(options.logicalDate === undefined ? {} : { logicalDate: options.logicalDate }),
      ...(options.only === undefined ? {} : { only: options.only }),
    });
    for (const [taskId, task] of Object.entries(run.tasks)) {
      if (task.log !== '') print(`── ${taskId}\n${task.log}`);
    }
    const rows = Object.entries(run.tasks).map(([taskId, { state, tryNumber, error }]) => [
      taskId,
      state ?? 'none',
      tryNumber,
      error?.message ?? '',
    ]);
    print(`\n${textTable(['task', 'state', 'try', ''], rows, '')}\n${dagId}: ${run.state}`);
    if (run.state !== 'success') process.exitCode = 1;
  } finally {
    rmSync(bundlesFolder, { recursive: true, force: true });
  }
}

/** The file that declares the DAG. Files are imported one by one until it is found; what is wrong with one is said then. */
async function findDag(dagId: string, bundlesFolder: string): Promise<{ dag: Dag; file: DagFile }> {
  const settings = readEnvironment();
  const faults: string[] = [];
  for (const file of foldersOf(settings.MILLRACE_DAGS, 'dags', true).flatMap(listDagFiles)) {
    const { outcome } = await importDagFile({ ...file, bundlesFolder });
    if ('error' in outcome) faults.push(`${file.fileloc}: ${outcome.error.message}`);
    else if (outcome.file.dags.some((dag) => dag.dagId === dagId)) {
      const bundle = pathToFileURL(join(bundlesFolder, `${outcome.file.bundleHash}.mjs`)).href;
      const dag = dagsOf(await importModule(bundle)).find((candidate) => candidate.dagId === dagId);
      if (dag) return { dag, file };
    }
  }
  const wrong = faults.length === 0 ? '' : ` These files cannot be imported: ${faults.join('; ')}.`;
  throw new MillraceError('DAG_NOT_FOUND', `No DAG file declares ${dagId}.${wrong}`, { hint: 'Set MILLRACE_DAGS.' });
}

async function connections(): Promise<Record<string, string>> {
  const settings = readEnvironment();
  const home = homeAt(settings.MILLRACE_HOME);
  const urlOf = async (database: string, given: string | undefined) => {
    if (given !== undefined) return { [database]: given };
    try {
      return { [database]: String(await askServer(home.controlSocketPath, 'databaseUrl', { database })) };
    } catch (thrown) {
      // Without a server the connection is missing: a task that uses it says so.
      if (thrown instanceof MillraceError) return {};
      throw thrown;
    }
  };
  return {
    ...(await urlOf('warehouse', settings.WAREHOUSE_URL)),
    ...(await urlOf('source', settings.SOURCE_URL)),
    lake: objectStoreAddress(settings, home).url,
  };
=======
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
>>>>>>> refs/heads/main
}
