import type { JsonObject } from '../../kernel/json.js';
import { manifestArtifact } from '../../transform/artifacts/manifest.js';
import { runResultsArtifact } from '../../transform/artifacts/run-results.js';
import type { ResourceType } from '../../transform/index.js';
import { deferredRelations, readState, stateWorld } from '../../transform/manifest/state.js';
import { compileOnly } from '../../transform/run/compile-only.js';
import { type RunProjectOptions, runProject, type TimedResult } from '../../transform/run/run-project.js';
import { type SqlOptions, selectionOf, warnOfUnmatched } from './options.js';
import {
  type Session,
  type WarehouseSession,
  withWarehouse,
  writeArtifact,
  writeCompiled,
  writeStatements,
} from './session.js';

type Which = 'build' | 'run' | 'test' | 'seed' | 'snapshot' | 'compile';

/** The types of nodes that a command runs. */
const typesOf: Record<Which, readonly ResourceType[]> = {
  build: ['model', 'seed', 'snapshot', 'test', 'unit_test'],
  run: ['model'],
  test: ['test', 'unit_test'],
  seed: ['seed'],
  snapshot: ['snapshot'],
  compile: ['model', 'snapshot', 'test', 'analysis'],
};

export async function runCommand(which: Which, options: SqlOptions): Promise<number> {
  return withWarehouse(which, options, async (session) => {
    if (which === 'compile' && options.inline !== undefined) return compileInline(session, options.inline);
    return runSelection(session, which, chosenIds(session, which));
  });
}

/** The unique ids of a command's selection, in order. */
export function chosenIds({ project, options, printer }: Session, which: Which): string[] {
  const state = options.state === undefined ? undefined : readState(options.state);
  const types = options.resourceType ?? typesOf[which];
  const excluded = options.excludeResourceType ?? [];
  const world = { ...(state ? stateWorld(project, state) : {}), ...warnOfUnmatched(project, printer) };
  const ids = project.select({ ...selectionOf(options), world });
  return ids.filter((id) => {
    const type = project.nodes.get(id)?.resourceType ?? '';
    return (
      (types as readonly string[]).includes(type) &&
      typesOf[which].includes(type as ResourceType) &&
      !excluded.includes(type)
    );
  });
}

/** Runs the nodes with progress, writes the artifacts, returns the exit code. */
export async function runSelection(
  session: WarehouseSession,
  which: Which,
  ids: string[],
  previousBatches?: RunProjectOptions['previousBatches'],
): Promise<number> {
  const { project, printer, options, adapter } = session;
  if (ids.length === 0) {
    printer.warn('The selection is empty: there is nothing to do.');
    return 0;
  }
  const started = performance.now();
  const stateDir = options.deferState ?? options.state;
  const deferred =
    options.defer && stateDir !== undefined
      ? await deferredRelations(project, readState(stateDir), new Set(ids), adapter, options.favorState === true)
      : undefined;
  const threads = options.threads ?? project.target.threads;
  printer.info(`Concurrency: ${threads} thread${threads === 1 ? '' : 's'} (target='${project.target.name}')`);
  const results = await runProject(project, {
    adapter,
    ids,
    threads,
    fullRefresh: options.fullRefresh,
    failFast: options.failFast,
    testEdges: which === 'build',
    hooks: which !== 'compile',
    batchTests: options.batchTests,
    eventTime: { start: options.eventTimeStart, end: options.eventTimeEnd },
    previousBatches,
    deferred,
    ...(which === 'compile' ? { perform: (id: string) => compileOnly(project, id, { adapter, deferred }) } : {}),
    onStart: (node, index, total) => which !== 'compile' && printer.start(node, index, total),
    onResult: (node, result, index, total) => {
      if (which !== 'compile') printer.result(node, result, index, total);
      keepSql(session, result);
    },
    ...(options.debug ? { onStatement: (sql: string) => printer.info(sql) } : {}),
  });
  const elapsed = performance.now() - started;
  if (options.writeJson) {
    // Once more: now it holds the compiled SQL.
    writeArtifact(session, 'manifest.json', manifestArtifact(project));
    writeArtifact(session, 'run_results.json', runResultsArtifact(project, results, argsOf(which, options), elapsed));
  }
  if (which === 'compile') printCompiled(results);
  printer.summary(project, results, elapsed);
  const bad = results.some(
    ({ status }) => ['error', 'fail', 'partial success'].includes(status) || (options.warnError && status === 'warn'),
  );
  return bad ? 1 : 0;
}

async function compileInline({ project, adapter }: WarehouseSession, sql: string): Promise<number> {
  const { inlineSql } = await import('../../transform/run/inline.js');
  const compiled = await inlineSql(project, adapter, sql);
  process.stdout.write(`${compiled}\n`);
  return 0;
}

function keepSql(session: Session, result: TimedResult): void {
  if (!session.options.writeJson || result.compiledSql === null) return;
  writeCompiled(session, result.uniqueId, result.compiledSql);
  writeStatements(
    session,
    result.uniqueId,
    result.statements.map(({ sql }) => sql),
  );
}

/** A single node that is no test is printed; of more, the files say enough. */
function printCompiled(results: TimedResult[]): void {
  const [only, ...others] = results.filter(({ uniqueId }) => !uniqueId.startsWith('test.'));
  if (only?.compiledSql && others.length === 0) process.stdout.write(`${only.compiledSql}\n`);
}

/** What `retry` needs to know of the command. */
function argsOf(which: Which, options: SqlOptions): JsonObject {
  return {
    which,
    select: options.select ?? [],
    exclude: options.exclude ?? [],
    vars: options.vars,
    full_refresh: options.fullRefresh ?? false,
    fail_fast: options.failFast ?? false,
    event_time_start: options.eventTimeStart ?? null,
    event_time_end: options.eventTimeEnd ?? null,
    target: options.target ?? null,
    invocation_command: `millrace sql ${which}`,
  };
}
