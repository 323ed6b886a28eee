import { MillraceError } from '../../kernel/errors.js';
import type { Input } from './inputs.js';
import { type KnownColumns, readQuery } from './query.js';

export type { Input, Transformation } from './inputs.js';
export { relationKey } from './inputs.js';
export type { KnownColumns } from './query.js';

/** Where the columns of a query come from. */
export interface ColumnLineage {
  columns: { name: string; inputs: Input[] }[];
  /** Columns that decide which rows there are, by joins, filters, groups and order. */
  influences: Input[];
  /** Relations of which all columns are passed on without being known: those come besides `columns`. */
  unknown: string[];
  /** What could not be followed, and why. Empty: the lineage is whole. */
  gaps: string[];
}

/**
 * Reads the column lineage of SELECTs with PostgreSQL's own parser; most of DuckDB's SQL is the same language, and what is not becomes a gap.
 * Loads the parser when it is first asked for.
 */
export async function openLineage(): Promise<(sql: string, known: KnownColumns) => ColumnLineage> {
  const { loadModule, parseSync } = await import('libpg-query');
  await loadModule();
  return (sql, known) => {
    const gaps = new Set<string>();
    try {
      const statements = parseSync(sql).stmts ?? [];
      const [first] = statements.map(({ stmt }) => stmt);
      if (statements.length !== 1 || !first || !('SelectStmt' in first))
        return nothing(`it is no single SELECT: ${statements.length} statements`);
      const { columns, influences, rest } = readQuery(first.SelectStmt, known, (text) => gaps.add(text));
      if (rest.length > 0) gaps.add(`select * of ${rest.join(', ')}, whose columns are not known`);
      return {
        columns: columns.map(({ name, inputs }) => ({ name, inputs: inputs.list })),
        influences: influences.list,
        unknown: rest,
        gaps: [...gaps],
      };
    } catch (error) {
      if (error instanceof MillraceError || error instanceof RangeError) throw error;
      return nothing(`PostgreSQL's parser cannot read it: ${(error as Error).message}`);
    }
  };
}

function nothing(gap: string): ColumnLineage {
  return { columns: [], influences: [], unknown: [], gaps: [gap] };
}
