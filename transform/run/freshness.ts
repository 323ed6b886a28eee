import { describeError } from '../../kernel/errors.js';
import type { JsonObject } from '../../kernel/json.js';
import { type Adapter, adapterResponse, type Connection, type QueryResult } from '../adapters/adapter.js';
import { nodeContext } from '../compile/node-context.js';
import { Runtime } from '../compile/runtime.js';
import { compileTemplate, invoke, str } from '../jinja/index.js';
import type { ManifestSource } from '../manifest/node.js';
import { isObject } from '../project/yaml.js';
import type { Project } from '../project.js';
import { inlineNode } from './inline.js';

/** How old the newest row of a source is, against its thresholds. */
export interface FreshnessResult {
  uniqueId: string;
  status: 'pass' | 'warn' | 'error' | 'runtime error';
  message: string | null;
  /** As the database wrote them, in UTC. */
  maxLoadedAt: string | null;
  snapshottedAt: string | null;
  ageSeconds: number;
  criteria: JsonObject;
  adapterResponse: JsonObject;
  startedAt: number;
  completedAt: number;
}

/** The sources that have thresholds and say how to measure them. */
export function freshnessSources(project: Project, ids: string[]): ManifestSource[] {
  return ids.flatMap((id) => {
    const source = project.manifest.sources.get(id);
    return source && isMeasured(source) ? [source] : [];
  });
}

/** Asks the database for the newest row of a source. An error of the database is a result, not a throw. */
export async function measureFreshness(
  project: Project,
  adapter: Adapter,
  source: ManifestSource,
): Promise<FreshnessResult> {
  const startedAt = Date.now();
  const criteria = criteriaOf(source);
  const base = {
    uniqueId: source.unique_id,
    criteria,
    startedAt,
    maxLoadedAt: null,
    snapshottedAt: null,
    ageSeconds: 0,
    adapterResponse: {},
  };
  try {
    const result = await adapter.withConnection(async (connection) => {
      // What is written without a zone is UTC, as dbt takes it.
      await connection.query("set time zone 'UTC'");
      try {
        return await ask(project, adapter, connection, source);
      } finally {
        await connection.query('reset time zone');
      }
    });
    const [maxLoadedAt, snapshottedAt, age] = result.rows[0] ?? [];
    const ageSeconds = maxLoadedAt === null || maxLoadedAt === undefined ? Number.POSITIVE_INFINITY : Number(age);
    return {
      ...base,
      status: judgeFreshness(criteria, ageSeconds),
      message: null,
      maxLoadedAt: iso(maxLoadedAt),
      snapshottedAt: iso(snapshottedAt),
      ageSeconds: Number.isFinite(ageSeconds) ? ageSeconds : Number.MAX_SAFE_INTEGER,
      adapterResponse: adapterResponse(result),
      completedAt: Date.now(),
    };
  } catch (error) {
    return { ...base, status: 'runtime error', message: describeError(error), completedAt: Date.now() };
  }
}

/** `error_after` is looked at first. A source without rows is as old as can be. */
export function judgeFreshness(criteria: JsonObject, ageSeconds: number): 'pass' | 'warn' | 'error' {
  const seconds = (key: string) => {
    const limit = criteria[key];
    if (!isObject(limit) || limit['count'] === null || limit['count'] === undefined) return Number.POSITIVE_INFINITY;
    return Number(limit['count']) * (periodSeconds[String(limit['period'])] ?? Number.NaN);
  };
  if (ageSeconds > seconds('error_after')) return 'error';
  return ageSeconds > seconds('warn_after') ? 'warn' : 'pass';
}

const periodSeconds: Record<string, number> = { minute: 60, hour: 3600, day: 86_400 };

async function ask(
  project: Project,
  adapter: Adapter,
  connection: Connection,
  source: ManifestSource,
): Promise<QueryResult> {
  const runtime = new Runtime({ project, adapter, connection });
  const { scope } = nodeContext(runtime, inlineNode(project, ''));
  const relation = project.sourceRelation(source);
  if (source.loaded_at_query !== null) {
    const query = (
      await compileTemplate(source.loaded_at_query, { path: source.original_file_path }).render({
        get: (name: string) => (name === 'this' ? relation : scope.get(name)),
      })
    ).trim();
    return runtime.execute(withAge(`select (${query}) as max_loaded_at, now() as snapshotted_at`));
  }
  const macro = scope.macro('collect_freshness');
  const filter = isObject(source.freshness) ? (source.freshness['filter'] ?? null) : null;
  if (!macro) throw new Error('the macro collect_freshness is missing');
  return runtime.execute(withAge(str(await invoke(macro, [relation, source.loaded_at_field, filter])).trim()));
}

/** The age is counted by the database: its clock wrote the rows. */
function withAge(sql: string): string {
  return `select max_loaded_at::timestamptz at time zone 'UTC', snapshotted_at::timestamptz at time zone 'UTC', extract(epoch from snapshotted_at::timestamptz - max_loaded_at::timestamptz)::float8 from (\n${sql}\n) as freshness`;
}

function isMeasured(source: ManifestSource): boolean {
  if (source.loaded_at_field === null && source.loaded_at_query === null) return false;
  const criteria = criteriaOf(source);
  return ['warn_after', 'error_after'].some(
    (key) => isObject(criteria[key]) && criteria[key]['count'] !== null && criteria[key]['count'] !== undefined,
  );
}

function criteriaOf(source: ManifestSource): JsonObject {
  const { freshness } = source;
  const limit = (key: string) =>
    isObject(freshness?.[key])
      ? { count: freshness[key]['count'] ?? null, period: freshness[key]['period'] ?? null }
      : { count: null, period: null };
  return { warn_after: limit('warn_after'), error_after: limit('error_after'), filter: freshness?.['filter'] ?? null };
}

function iso(value: unknown): string | null {
  return typeof value === 'string' ? `${value.replace(' ', 'T')}Z` : null;
}
