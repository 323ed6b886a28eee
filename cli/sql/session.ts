import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import type { JsonObject } from '../../kernel/json.js';
import { manifestArtifact } from '../../transform/artifacts/manifest.js';
import { dbtVersion } from '../../transform/compile/base-context.js';
import { type Adapter, type LoadOptions, loadProject, openAdapter, type Project } from '../../transform/index.js';
import type { ManifestNode } from '../../transform/manifest/node.js';
import { loadOptionsOf, type SqlOptions, targetFolder } from './options.js';
import { Printer } from './printer.js';

/** What every command has: the parsed project and a voice. */
export interface Session {
  project: Project;
  printer: Printer;
  options: SqlOptions;
}

/** A session of a command that asks the warehouse. */
export interface WarehouseSession extends Session {
  adapter: Adapter;
}

export async function openSession(which: string, options: SqlOptions): Promise<Session> {
  return load(which, options, undefined);
}

/** Opens the project and its target's warehouse, which starts while the project is read; lends both to `work`, then closes the warehouse. */
export async function withWarehouse<T>(
  which: string,
  options: SqlOptions,
  work: (session: WarehouseSession) => Promise<T>,
): Promise<T> {
  let adapter: Adapter | undefined;
  try {
    const session = await load(which, options, async (known) => {
      adapter = await openAdapter(known);
      await adapter.prepare();
    });
    return await work({ ...session, adapter: adapter as Adapter });
  } finally {
    await adapter?.close();
  }
}

async function load(which: string, options: SqlOptions, onTarget: LoadOptions['onTarget']): Promise<Session> {
  const printer = new Printer(options);
  printer.info(`Running with the language of dbt ${dbtVersion}`);
  const project = await loadProject({
    ...loadOptionsOf(options, which),
    onTarget,
    hooks: {
      log: (message, level) => (level === 'debug' ? undefined : printer.info(message)),
      print: (message) => process.stdout.write(`${message}\n`),
    },
  });
  printer.found(project);
  if (options.writeJson) writeArtifact({ project, options }, 'manifest.json', manifestArtifact(project));
  return { project, printer, options };
}

export function writeArtifact(
  { project, options }: Pick<Session, 'project' | 'options'>,
  name: string,
  content: JsonObject,
): void {
  const path = join(targetFolder(project, options), name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, JSON.stringify(content));
}

/** Writes compiled SQL where dbt puts it, target/compiled/<package>/<path>, and notes it in the manifest. */
export function writeCompiled(session: Pick<Session, 'project' | 'options'>, uniqueId: string, sql: string): void {
  const node = session.project.manifest.nodes.get(uniqueId);
  if (!node) return;
  const file = writeSql(session, 'compiled', node, sql);
  Object.assign(node, { compiled: true, compiled_code: sql, compiled_path: relative(session.project.dir, file) });
}

/** Writes the statements that built a node: target/run/<package>/<path>. */
export function writeStatements(
  session: Pick<Session, 'project' | 'options'>,
  uniqueId: string,
  statements: string[],
): void {
  const node = session.project.manifest.nodes.get(uniqueId);
  if (node && statements.length > 0) writeSql(session, 'run', node, statements.join(';\n\n'));
}

function writeSql(
  { project, options }: Pick<Session, 'project' | 'options'>,
  folder: 'compiled' | 'run',
  node: ManifestNode,
  sql: string,
): string {
  const path = node.test_metadata ? join(node.original_file_path, node.path) : node.original_file_path;
  const file = join(targetFolder(project, options), folder, node.package_name, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, sql);
  return file;
}
