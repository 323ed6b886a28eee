import { MillraceError } from '../../kernel/errors.js';
import type { JsonObject } from '../../kernel/json.js';
import type { Connection } from '../adapters/adapter.js';
import { compileNode, withCtes } from '../compile/compile.js';
import type { NodeContextOptions } from '../compile/node-context.js';
import { type Column, quoteIdentifier, Relation } from '../compile/relation.js';
import type { Runtime } from '../compile/runtime.js';
import { fromHost, hostFunction } from '../jinja/index.js';
import type { ManifestNode, ManifestSource, ManifestUnitTest } from '../manifest/node.js';
import { hasTemplate } from '../project/render.js';
import { envVarFunction, varFunction, varsOf } from '../project/vars.js';
import { isObject } from '../project/yaml.js';
import { inlineNode } from './inline.js';
import { rowDifference } from './unit-difference.js';
import { type Fixture, fixtureSql, readFixture } from './unit-fixture.js';

export interface UnitTestOutcome {
  passed: boolean;
  /** The rows that are missing and those that are too much, as a person reads them. */
  message: string;
  compiledSql: string;
  failures: number;
}

/**
 * Runs a model's SQL on rows that the test gives instead of its inputs, and compares what comes out with what is expected: only the columns that the
 * expectation names, in any order of rows. Nothing is built.
 */
export async function runUnitTest(runtime: Runtime, test: ManifestUnitTest): Promise<UnitTestOutcome> {
  const model = runtime.project.manifest.nodes.get(test.depends_on.nodes[0] ?? '') as ManifestNode;
  const inputs = await readInputs(runtime, test, model);
  const { sql } = await compileNode(runtime, model, testContext(runtime, test, model, inputs));
  const ctes = new Map(
    [...inputs.values()].map((input) => [input.cte, ` ${quoteIdentifier(input.cte)} as (\n${input.sql}\n)`]),
  );
  const actualSql = withCtes(sql, ctes);
  const produced = await runtime.adapter.columnsOfQuery(runtime.connection, actualSql);
  const expected = readFixture(runtime.project, test, test.expect, `the expectation of '${test.name}'`);
  const names = expectedColumns(expected, produced, test);
  const columns = names.map((name) => produced.find((column) => sameName(column.name, name)) as Column);
  const list = columns.map((column) => `cast(${quoteIdentifier(column.name)} as text)`).join(', ');
  const read = async (connection: Connection, from: string) =>
    (await connection.query(`select ${list} from (\n${from}\n) as rows_of_test`)).rows as (string | null)[][];
  const actualRows = await read(runtime.connection, actualSql);
  const expectedRows = await read(
    runtime.connection,
    expected.kind === 'sql' ? await renderSql(runtime, expected.sql) : fixtureSql(expected, columns),
  );
  const difference = rowDifference(
    columns.map((column) => column.name),
    expectedRows,
    actualRows,
  );
  return {
    passed: difference === null,
    message: difference?.text ?? 'as expected',
    compiledSql: actualSql,
    failures: difference?.count ?? 0,
  };
}

interface Input {
  cte: string;
  sql: string;
}

/** The inputs by the unique id that they stand for; `this` is the model itself. */
async function readInputs(runtime: Runtime, test: ManifestUnitTest, model: ManifestNode): Promise<Map<string, Input>> {
  const inputs = new Map<string, Input>();
  for (const given of test.given) {
    const target = resolveInput(runtime, test, model, String(given['input'] ?? ''));
    const fixture = readFixture(runtime.project, test, given, `the input ${String(given['input'])} of '${test.name}'`);
    const version = 'version' in target && target.version !== null ? `_v${target.version}` : '';
    const name = 'source_name' in target ? `${target.source_name}__${target.name}` : `${target.name}${version}`;
    const sql =
      fixture.kind === 'sql'
        ? await renderSql(runtime, fixture.sql)
        : fixtureSql(fixture, await inputColumns(runtime, test, target));
    inputs.set(target.unique_id, { cte: `__dbt__cte__${name}`, sql });
  }
  return inputs;
}

/** Rows that are given as SQL may be a template, as the code of a model is. */
async function renderSql(runtime: Runtime, text: string): Promise<string> {
  return hasTemplate(text) ? (await compileNode(runtime, inlineNode(runtime.project, text))).sql : text;
}

/** `ref('x')`, `source('a', 'b')` or `this`, as a person writes them. */
function resolveInput(
  runtime: Runtime,
  test: ManifestUnitTest,
  model: ManifestNode,
  text: string,
): ManifestNode | ManifestSource {
  if (text.trim() === 'this') return model;
  const words = [...text.matchAll(/'([^']*)'|"([^"]*)"/g)].map((match) => match[1] ?? match[2] ?? '');
  const { resolver } = runtime.project;
  const version = /\bv(?:ersion)?\s*=\s*['"]?([\w.]+)/.exec(text)?.[1] ?? null;
  const [first = '', second] =
    version === null ? words : words.slice(0, words.length - (/=\s*['"]/.test(text) ? 1 : 0));
  const isSource = /^\s*source\s*\(/.test(text);
  const found = isSource
    ? resolver.source([first, second ?? ''], test.package_name)
    : resolver.ref({ name: second ?? first, package: second === undefined ? null : first, version }, test.package_name);
  if (found) return found;
  const by = `the unit test '${test.name}' (${test.original_file_path})`;
  throw isSource
    ? resolver.unknownSource([first, second ?? ''], by)
    : resolver.unknownRef({ name: second ?? first, package: null, version }, by);
}

/** The types of an input's columns, as the real relation has them; an ephemeral model is asked by its SQL. */
async function inputColumns(
  runtime: Runtime,
  test: ManifestUnitTest,
  target: ManifestNode | ManifestSource,
): Promise<Column[]> {
  const isNode = !('source_name' in target);
  if (isNode && target.config['materialized'] === 'ephemeral') {
    const { sql } = await compileNode(runtime, target);
    return runtime.adapter.columnsOfQuery(runtime.connection, sql);
  }
  const relation = isNode
    ? (runtime.deferred.get(target.unique_id) ?? runtime.project.relationOf(target))
    : runtime.project.sourceRelation(target);
  const columns = await runtime.adapter.columnsOf(runtime.connection, {
    database: relation.database,
    schema: relation.schema ?? '',
    identifier: relation.identifier ?? '',
  });
  if (columns.length > 0) return columns;
  throw new MillraceError(
    'SQL_COMPILATION_FAILED',
    `the unit test '${test.name}' needs to know the columns of ${relation}, which does not exist`,
    {
      hint: 'Build it first (run it with --empty to build without rows), or give the rows as SQL.',
    },
  );
}

/** References give the CTEs of the inputs; macros, vars and environment variables are replaced as the test says. */
function testContext(
  runtime: Runtime,
  test: ManifestUnitTest,
  model: ManifestNode,
  inputs: Map<string, Input>,
): NodeContextOptions {
  const { project } = runtime;
  const cte = (input: Input) => new Relation({ identifier: quoteIdentifier(input.cte), type: 'cte' });
  const overrides = test.overrides ?? {};
  const object = (key: string): JsonObject => (isObject(overrides[key]) ? overrides[key] : {});
  const own = inputs.get(model.unique_id);
  const packageVars = project.packages.find((each) => each.name === model.package_name)?.file.vars ?? {};
  const vars = {
    ...varsOf(model.package_name, packageVars, project.root.file.vars, project.parsed.cliVars),
    ...object('vars'),
  };
  const env = {
    ...project.invocation.env,
    ...Object.fromEntries(Object.entries(object('env_vars')).map(([key, value]) => [key, String(value)])),
  };
  return {
    ...(own ? { relation: cte(own) } : {}),
    resolve: (target) => {
      const input = inputs.get(target.unique_id);
      if (input) return cte(input);
      throw new MillraceError(
        'SQL_COMPILATION_FAILED',
        `the unit test '${test.name}' gives no rows for ${target.name}, which ${model.name} reads`,
      );
    },
    own: { var: varFunction(vars, `the unit test ${test.name}`), env_var: envVarFunction(env, { secrets: false }) },
    overrides: Object.fromEntries(
      Object.entries({ is_incremental: false, ...object('macros') }).map(([name, value]) => [
        name,
        hostFunction(() => fromHost(value)),
      ]),
    ),
  };
}

function expectedColumns(expected: Fixture, produced: Column[], test: ManifestUnitTest): string[] {
  if (expected.kind === 'sql') return produced.map((column) => column.name);
  const names = expected.columns.length > 0 ? expected.columns : produced.map((column) => column.name);
  const unknown = names.filter((name) => !produced.some((column) => sameName(column.name, name)));
  if (unknown.length === 0) return names;
  throw new MillraceError(
    'SQL_COMPILATION_FAILED',
    `the unit test '${test.name}' expects the column ${unknown.join(', ')}, which the model does not give`,
    {
      hint: `It gives: ${produced.map((column) => column.name).join(', ')}.`,
    },
  );
}

function sameName(left: string, right: string): boolean {
  return left === right || left.toLowerCase() === right.toLowerCase();
}
