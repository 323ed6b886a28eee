import { join } from 'node:path';
import { MillraceError } from '../../kernel/errors.js';
import type { Json, JsonObject } from '../../kernel/json.js';
import { type Adapter, loadProject, openAdapter, type Project, runNode } from '../../transform/index.js';
import type { NodeResult } from '../../transform/model.js';
import { getClient } from '../dag/client.js';
import type { Operator, OperatorCall } from './operator.js';

/** Projects that this process has parsed, by version and settings, and the adapters that it has opened, by URL. */
const projects = new Map<string, Promise<Project>>();
const adapters = new Map<string, Promise<Adapter>>();

/** Runs one node of a SQL project (or the tests of one model), from the files that belong to the DAG's version. */
export const sqlNodeOperator: Operator = {
  templateFields: [],
  async perform(call) {
    const { scope, options } = call;
    const find = async (id: string) => (await getClient().getConnection(id)) ?? undefined;
    const { url } = await scope.hooks.settingsOf(String(options['connection']), find);
    const project = await projectOf(call, url);
    const adapter = await remember(adapters, url, () => openAdapter({ url, threads: 1 }));
    const results: NodeResult[] = [];
    for (const uniqueId of options['uniqueIds'] as string[]) {
      const result = await runNode(project, uniqueId, {
        adapter,
        signal: scope.signal,
        onStatement: (sql) => scope.log('INFO', sql),
        ...(options['fullRefresh'] === true || scope.attempt.context.params['full_refresh'] === true
          ? { fullRefresh: true }
          : {}),
      });
      results.push(result);
      scope.log(levelOf(result), `${result.status}: ${result.message}`);
      scope.progress(results.length, (options['uniqueIds'] as string[]).length);
    }
    Object.assign(scope.effects.details, detailsOf(results));
    const sql = results.map((result) => result.compiledSql).filter((text) => text !== null);
    if (sql.length > 0) scope.effects.rendered['sql'] = sql.join(';\n\n');
    refuseFailures(results);
    return undefined;
  },
};

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

function levelOf({ status }: NodeResult): 'INFO' | 'WARNING' | 'ERROR' {
  if (status === 'error' || status === 'fail') return 'ERROR';
  return status === 'warn' ? 'WARNING' : 'INFO';
}

/** What the task's page and the report e-mail show. */
function detailsOf(results: NodeResult[]): JsonObject {
  const nodes = results.map(({ statements: _logged, compiledSql: _rendered, ...rest }) => rest);
  const [only] = nodes;
  return (nodes.length === 1 && only ? only : { nodes }) as unknown as JsonObject;
}

function refuseFailures(results: NodeResult[]): void {
  const bad = results.filter(({ status }) => status === 'error' || status === 'fail');
  if (bad.length === 0) return;
  const shown = bad.map(({ uniqueId, message }) => `${uniqueId}: ${message}`).join('; ');
  throw new MillraceError('TASK_FAILED', shown);
}
