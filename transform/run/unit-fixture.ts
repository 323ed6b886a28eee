import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { MillraceError } from '../../kernel/errors.js';
import type { Json, JsonObject } from '../../kernel/json.js';
import { type Column, quoteIdentifier, quoteLiteral } from '../compile/relation.js';
import type { ManifestUnitTest } from '../manifest/node.js';
import { readCsv } from '../project/csv.js';
import { listFiles } from '../project/files.js';
import { isObject } from '../project/yaml.js';
import type { Project } from '../project.js';

/** Rows of a unit test: by column, or as SQL. */
export type Fixture = { kind: 'rows'; columns: string[]; rows: Record<string, Json>[] } | { kind: 'sql'; sql: string };

/** Reads `rows` or `fixture` of an input or expectation, in the format that it says: dict (the default), csv or sql. */
export function readFixture(project: Project, test: ManifestUnitTest, entry: JsonObject, where: string): Fixture {
  const format = String(entry['format'] ?? 'dict');
  const fail = (message: string): never => {
    throw new MillraceError('SQL_PROJECT_INVALID', `${test.original_file_path}: ${where}: ${message}`);
  };
  const content =
    typeof entry['fixture'] === 'string'
      ? readFixtureFile(project, test, entry['fixture'], format, fail)
      : entry['rows'];
  if (format === 'sql') return typeof content === 'string' ? { kind: 'sql', sql: content } : fail('rows must be SQL');
  if (format === 'csv' && typeof content === 'string') return rowsOfCsv(content, test.original_file_path);
  if (content === undefined || content === null) return { kind: 'rows', columns: [], rows: [] };
  if (!Array.isArray(content) || !content.every(isObject)) return fail('rows must be a list of objects');
  return { kind: 'rows', columns: [...new Set(content.flatMap((row) => Object.keys(row)))], rows: content };
}

/** The rows as a query: each value cast to its column's type, columns that are not given NULL. */
export function fixtureSql(fixture: Fixture & { kind: 'rows' }, columns: Column[]): string {
  const unknown = fixture.columns.filter(
    (name) => !columns.some((column) => column.name.toLowerCase() === name.toLowerCase()),
  );
  if (unknown.length > 0)
    throw new MillraceError('SQL_COMPILATION_FAILED', `Invalid column name: '${unknown[0]}' in unit test fixture`, {
      hint: `Accepted columns: ${columns.map((column) => column.name).join(', ')}.`,
    });
  const select = (row: Record<string, Json>) =>
    `select ${columns
      .map((column) => {
        const key = Object.keys(row).find((name) => name.toLowerCase() === column.name.toLowerCase());
        return `cast(${literal(key === undefined ? null : (row[key] ?? null))} as ${column.dataType}) as ${quoteIdentifier(column.name)}`;
      })
      .join(', ')}`;
  return fixture.rows.length === 0 ? `${select({})} limit 0` : fixture.rows.map(select).join('\nunion all\n');
}

function literal(value: Json): string {
  if (value === null) return 'null';
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  return quoteLiteral(typeof value === 'string' ? value : JSON.stringify(value));
}

function rowsOfCsv(text: string, path: string): Fixture {
  const [header, ...rows] = [...readCsv(text.trim(), path)];
  const columns = (header ?? []).map((name) => name.trim());
  return {
    kind: 'rows',
    columns,
    rows: rows.map((row) =>
      Object.fromEntries(
        columns.map((name, index) => [
          name,
          row[index] === undefined || row[index]?.trim() === '' ? null : (row[index] as string).trim(),
        ]),
      ),
    ),
  };
}

/** `tests/fixtures/<name>.csv` or `.sql`. */
function readFixtureFile(
  project: Project,
  test: ManifestUnitTest,
  name: string,
  format: string,
  fail: (message: string) => never,
): string {
  const owner = project.packages.find((each) => each.name === test.package_name) ?? project.root;
  const extension = format === 'sql' ? '.sql' : '.csv';
  const found = listFiles(
    owner.dir,
    owner.file.paths.tests.map((path) => join(path, 'fixtures')),
    [extension],
  ).find(({ path }) => path.endsWith(`/${name}${extension}`));
  if (!found || !existsSync(join(owner.dir, found.path))) return fail(`there is no fixture ${name}${extension}`);
  return readFileSync(join(owner.dir, found.path), 'utf8');
}
