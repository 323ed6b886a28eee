import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { MillraceError } from '../../kernel/errors.js';
import type { QueryResult } from '../adapters/adapter.js';
import { quoteIdentifier, type Relation } from '../compile/relation.js';
import { readCsv, writeCsvRow } from '../project/csv.js';
import { isObject } from '../project/yaml.js';
import { dependentViews, restoreViews, withLostViews } from './dependent-views.js';
import { finishRelation, inNodeTransaction, type Materialization, type NodeRun } from './materialization.js';
import { inferSeedType } from './seed-types.js';

interface SeedTable {
  columns: { name: string; type: string }[];
  rows: string[][];
}

/** Loads a CSV file with COPY: into a new table the first time and on a full refresh, else into the emptied one. */
export const seed: Materialization = async (run) => {
  const existing = await run.existing();
  if (existing?.type === 'view')
    throw new MillraceError('SQL_COMPILATION_FAILED', `Cannot seed to ${existing}, it is a view`, {
      hint: 'Drop the view, or give the seed another alias.',
    });
  const table = await readSeed(run);
  const target = run.target.with({ type: 'table' });
  return inNodeTransaction(run, async () => {
    const views = existing && run.fullRefresh ? await dependentViews(run, existing) : [];
    if (existing && run.fullRefresh) await run.macro('drop_relation', [existing]);
    const isNew = !existing || run.fullRefresh;
    if (isNew) await run.execute(createSql(target, table));
    else await run.execute(`${run.adapter.type === 'postgres' ? 'truncate table' : 'delete from'} ${target.render()}`);
    const main = await load(run, target, table);
    if (isNew) await run.macro('create_indexes', [target]);
    await finishRelation(run, target, existing !== null, isNew);
    return { main: withLostViews(main, await restoreViews(run, views)), relation: target };
  });
};

/** Reads the file and decides the types of its columns: as configured, else as the values say. */
export async function readSeed(run: Pick<NodeRun, 'node' | 'config' | 'adapter'>): Promise<SeedTable> {
  const path = run.node.original_file_path;
  const delimiter = typeof run.config['delimiter'] === 'string' ? run.config['delimiter'] : ',';
  const text = (await readFile(join(run.node.root_path ?? '.', path), 'utf8')).replace(/^\uFEFF/, '');
  const [header, ...rows] = [...readCsv(text, path, delimiter)];
  if (!header) throw new MillraceError('SQL_PROJECT_INVALID', `${path} is empty: a seed needs a line of column names`);
  const uneven = rows.findIndex((row) => row.length !== header.length);
  if (uneven !== -1)
    throw new MillraceError(
      'SQL_PROJECT_INVALID',
      `${path}: row ${uneven + 1} has ${rows[uneven]?.length} fields, but there are ${header.length} columns`,
    );
  const configured = isObject(run.config['column_types']) ? run.config['column_types'] : {};
  const keepsCase = run.config['quote_columns'] === true;
  const columns = header.map((title, index) => {
    const given = configured[title] ?? configured[title.toLowerCase()];
    const type = typeof given === 'string' ? given : inferSeedType(rows, index, run.adapter.type);
    return { name: keepsCase ? title : title.toLowerCase(), type };
  });
  return { columns, rows };
}

function createSql(target: Relation, table: SeedTable): string {
  return `create table ${target.render()} (${table.columns.map(({ name, type }) => `${quoteIdentifier(name)} ${type}`).join(', ')})`;
}

const rowsPerChunk = 2_000;

async function load(run: NodeRun, target: Relation, table: SeedTable): Promise<QueryResult> {
  const chunks = function* () {
    for (let from = 0; from < table.rows.length; from += rowsPerChunk)
      yield table.rows
        .slice(from, from + rowsPerChunk)
        .map((row) => writeCsvRow(row.map(readNull)))
        .join('');
  };
  const names = table.columns.map(({ name }) => name);
  const count = await run.connection.copyCsv(target, names, Readable.from(chunks()));
  return { columns: [], rows: [], rowsAffected: count, message: `INSERT ${count}`, code: 'INSERT' };
}

/** dbt reads an empty field and the word `null` as NULL. */
function readNull(value: string): string | null {
  return value === '' || value.toLowerCase() === 'null' ? null : value;
}
