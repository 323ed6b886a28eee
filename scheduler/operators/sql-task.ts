import { join } from 'node:path';
import type { Json, JsonObject } from '../../kernel/json.js';
import { type Adapter, loadProject, openAdapter, type Project, type RunNodeOptions } from '../../transform/index.js';
import type { NodeResult } from '../../transform/model.js';
import { getClient } from '../dag/client.js';
import type { OperatorCall } from './operator.js';

/** Projects that this process has parsed, by version and settings, and the adapters that it has opened, by URL. */
const projects = new Map<string, Promise<Project>>();
const adapters = new Map<string, Promise<Adapter>>();

/** What a task of a SQL project works with: the project as it was when its DAG version was made, and how its nodes are run. */
export async function openSqlTask(call: OperatorCall): Promise<{ project: Project; options: RunNodeOptions }> {
  const { scope, options } = call;
  const find = async (id: string) => (await getClient().getConnection(id)) ?? undefined;
  const { url } = await scope.hooks.settingsOf(String(options['connection']), find);
  const project = await projectOf(call, url);
  const adapter = await remember(adapters, url, () => openAdapter({ url, threads: 1 }));
  const isFull = options['fullRefresh'] === true || scope.attempt.context.params['full_refresh'] === true;
  return {
    project,
    options: {
      adapter,
      signal: scope.signal,
      onStatement: (sql) => scope.log('INFO', sql),
      ...(isFull ? { fullRefresh: true } : {}),
    },
  };
}

/** One result in the log. */
export function logResult(call: OperatorCall, result: NodeResult): void {
  const { status, message } = result;
  const level = isBad(result) ? 'ERROR' : status === 'warn' ? 'WARNING' : 'INFO';
  call.scope.log(level, `${status}: ${message}`);
}

/** What the task's page, the report e-mail and `run_results.json` show; the statements are in the log. */
export function resultDetails(results: NodeResult[]): JsonObject {
  const nodes = results.map(({ statements: _logged, ...rest }) => rest);
  const [only] = nodes;
  return (nodes.length === 1 && only ? only : { nodes }) as unknown as JsonObject;
}

/** The other way round. */
export function resultsOfDetails(details: JsonObject): NodeResult[] {
  const nodes = Array.isArray(details['nodes']) ? details['nodes'] : 'uniqueId' in details ? [details] : [];
  return nodes.map((node) => ({ statements: [], ...(node as object) }) as unknown as NodeResult);
}

/** A result that fails its task; of a microbatch model a part may be there, and is not enough. */
export function isBad({ status }: NodeResult): boolean {
  return status === 'error' || status === 'fail' || status === 'partial success';
}

function projectOf({ bundle, options }: OperatorCall, url: string): Promise<Project> {
  const { project, target, vars } = options as { project: string; target?: string; vars?: Record<string, Json> };
  const key = JSON.stringify([bundle.hash, project, target, vars, url]);
  return remember(projects, key, () =>
    loadProject({
      dir: join(bundle.folder, project),
      connectionUrl: url,
      ...(bundle.cacheFolder === '' ? {} : { cacheFolder: bundle.cacheFolder }),
      ...(target === undefined ? {} : { target }),
      ...(vars === undefined ? {} : { vars }),
    }),
  );
}

/** One value a key; a failure is forgotten, so that the next task tries again. */
function remember<T>(known: Map<string, Promise<T>>, key: string, make: () => Promise<T>): Promise<T> {
  const before = known.get(key);
  if (before) return before;
  const making = make();
  known.set(key, making);
  making.catch(() => known.delete(key));
  return making;
}
