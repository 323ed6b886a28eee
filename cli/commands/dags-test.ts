import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { MillraceError } from '../../kernel/errors.js';
import { compileDagFile, contentHash } from '../../scheduler/dag/compile.js';
import type { Dag } from '../../scheduler/dag/dag.js';
import { dagsOf, importModule } from '../../scheduler/dag/import-dags.js';
import { importErrorOf } from '../../scheduler/dag/import-error.js';
import { linkMillrace, storeBundle } from '../../scheduler/dag/import-file.js';
import { type DagFile, listDagFiles } from '../../scheduler/maintenance/dag-sync.js';
import { type TestedRun, testDag } from '../../scheduler/testing/test-dag.js';
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
  json?: boolean;
}

/**
 * `millrace dags test DAG`: exit code 1 when the run fails. The databases are those of the server, if one runs; other
 * connections and variables are those of this environment.
 */
export async function testDagFile(dagId: string, options: DagTestOptions): Promise<void> {
  const bundlesFolder = mkdtempSync(join(tmpdir(), 'millrace-dags-test-'));
  try {
    const { dag, file } = await findDag(dagId, bundlesFolder);
    const run = await testDag(dag, {
      conf: parseConf(options.conf),
      connections: await connections(),
      environment: process.env,
      baseFolder: dirname(join(file.folder, file.fileloc)),
      ...(options.logicalDate === undefined ? {} : { logicalDate: options.logicalDate }),
      ...(options.only === undefined ? {} : { only: options.only }),
    });
    print(options.json ? JSON.stringify(run, null, 2) : report(dagId, run));
    if (run.state !== 'success') process.exitCode = 1;
  } finally {
    rmSync(bundlesFolder, { recursive: true, force: true });
  }
}

/** The log of each task, then a table of what became of them. */
function report(dagId: string, run: TestedRun): string {
  const tasks = Object.entries(run.tasks);
  const logs = tasks.filter(([, task]) => task.log !== '').map(([taskId, task]) => `── ${taskId}\n${task.log}`);
  const rows = tasks.map(([taskId, { state, tryNumber, error }]) => [
    taskId,
    state ?? 'none',
    tryNumber,
    error?.message ?? '',
  ]);
  return [...logs, '', textTable(['task', 'state', 'try', ''], rows, ''), `${dagId}: ${run.state}`].join('\n');
}

/** The file that declares the DAG. Files are imported one by one until it is found; what is wrong with one is said then. */
async function findDag(dagId: string, bundlesFolder: string): Promise<{ dag: Dag; file: DagFile }> {
  const settings = readEnvironment();
  const faults: string[] = [];
  process.setSourceMapsEnabled(true);
  for (const file of foldersOf(settings.MILLRACE_DAGS, 'dags', true).flatMap(listDagFiles)) {
    try {
      const dag = (await importHere(file, bundlesFolder)).find((candidate) => candidate.dagId === dagId);
      if (dag) return { dag, file };
    } catch (thrown) {
      faults.push(`${file.fileloc}: ${importErrorOf(thrown, file).message}`);
    }
  }
  const wrong = faults.length === 0 ? '' : ` These files cannot be imported: ${faults.join('; ')}.`;
  throw new MillraceError('DAG_NOT_FOUND', `No DAG file declares ${dagId}.${wrong}`, { hint: 'Set MILLRACE_DAGS.' });
}

/** The DAGs of a file, exported or served, in this process. */
async function importHere({ folder, fileloc }: DagFile, bundlesFolder: string): Promise<Dag[]> {
  const compiled = await compileDagFile(join(folder, fileloc), folder);
  linkMillrace(bundlesFolder);
  const bundle = await storeBundle(bundlesFolder, contentHash(compiled.code), compiled, folder);
  return dagsOf(await importModule(pathToFileURL(bundle).href));
}

async function connections(): Promise<Record<string, string>> {
  const settings = readEnvironment();
  const home = homeAt(settings.MILLRACE_HOME);
  const urlOf = async (database: string, given: string | null | undefined) => {
    if (given === null) return {};
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
}
