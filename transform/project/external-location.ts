import { isAbsolute, resolve } from 'node:path';
import { quoteLiteral } from '../compile/relation.js';
import type { ManifestSource } from '../manifest/node.js';

/**
 * Where the rows of a source are when they are in files: `external_location` of the source's or table's config or meta, as dbt-duckdb has
 * it. DuckDB reads CSV, JSON lines and Parquet by their names; `{name}`, `{identifier}`, `{schema}` and `{source_name}` are filled in. A path is
 * seen from the project's folder; a call such as `read_csv(…)` stays as it is written. null when the source is a table.
 */
export function externalLocation(source: ManifestSource, folder: string): string | null {
  const given = [source.config, source.meta, source.source_meta]
    .map((each) => each['external_location'])
    .find((each) => typeof each === 'string');
  if (typeof given !== 'string') return null;
  const fields: Record<string, string> = {
    name: source.name,
    identifier: source.identifier,
    schema: source.schema,
    source_name: source.source_name,
  };
  const location = given.replace(/\{(\w+)\}/g, (whole, key: string) => fields[key] ?? whole);
  if (location.includes('(')) return location;
  const path = location.replace(/^'(.*)'$/s, '$1');
  const isUrl = /^[a-z][a-z0-9+]*:\/\//i.test(path);
  return quoteLiteral(isUrl || isAbsolute(path) ? path : resolve(folder, path));
}
