import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { JsonObject } from '../../kernel/json.js';
import { manifestArtifact } from '../../transform/artifacts/manifest.js';
import { dbtVersion } from '../../transform/compile/base-context.js';
import { type Adapter, loadProject, openAdapter, type Project } from '../../transform/index.js';
import { loadOptionsOf, type SqlOptions, targetFolder } from './options.js';
import { Printer } from './printer.js';

/** What every command has: the parsed project and a voice. */
export interface Session {
  project: Project;
  printer: Printer;
  options: SqlOptions;
}

export async function openSession(which: string, options: SqlOptions): Promise<Session> {
  const printer = new Printer(options);
  printer.info(`Running with the language of dbt ${dbtVersion}`);
  const project = await loadProject({
    ...loadOptionsOf(options, which),
    hooks: {
      log: (message, level) => (level === 'debug' ? undefined : printer.info(message)),
      print: (message) => process.stdout.write(`${message}\n`),
    },
  });
  printer.found(project);
  if (options.writeJson) writeArtifact({ project, options }, 'manifest.json', manifestArtifact(project));
  return { project, printer, options };
}

/** Lends the target's warehouse to `work`, and closes it. */
export async function withAdapter<T>(project: Project, work: (adapter: Adapter) => Promise<T>): Promise<T> {
  const adapter = await openAdapter(project);
  try {
    return await work(adapter);
  } finally {
    await adapter.close();
  }
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

/** Writes SQL where dbt puts it: target/compiled/<package>/<path>, target/run/… */
export function writeSql(
  session: Pick<Session, 'project' | 'options'>,
  folder: 'compiled' | 'run',
  uniqueId: string,
  sql: string,
): void {
  const node = session.project.manifest.nodes.get(uniqueId);
  if (!node) return;
  const path = node.test_metadata ? join(node.original_file_path, node.path) : node.original_file_path;
  const file = join(targetFolder(session.project, session.options), folder, node.package_name, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, sql);
}
