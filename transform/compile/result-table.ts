import type { QueryResult } from '../adapters/adapter.js';
import { Dict, HostObject, hostFunction } from '../jinja/index.js';

/** The rows of a query as templates know them: dbt's (agate's) tables, with `columns`, `rows`, `column_names`. */
export class ResultTable extends HostObject {
  readonly columnNames: string[];
  readonly rows: ResultRow[];

  constructor(columnNames: string[], rows: unknown[][]) {
    super();
    this.columnNames = columnNames;
    this.rows = rows.map((values) => new ResultRow(columnNames, values));
  }

  static of(result: QueryResult): ResultTable {
    return new ResultTable(
      result.columns.map(({ name }) => name),
      result.rows,
    );
  }

  getAttribute(name: string): unknown {
    return tableAttributes[name]?.(this);
  }

  override iterate(): Iterable<unknown> {
    return this.rows;
  }

  override get size(): number {
    return this.rows.length;
  }

  override get truthy(): boolean {
    return true;
  }

  override toString(): string {
    const line = (values: unknown[]) => `| ${values.map((value) => String(value ?? '')).join(' | ')} |`;
    return [line(this.columnNames), ...this.rows.map((row) => line(row.values))].join('\n');
  }
}

class ResultColumn extends HostObject {
  readonly name: string;
  readonly values: unknown[];

  constructor(name: string, values: unknown[]) {
    super();
    this.name = name;
    this.values = values;
  }

  getAttribute(name: string): unknown {
    if (name === 'name') return this.name;
    if (name === 'values') return hostFunction(() => [...this.values]);
    if (name === 'values_distinct') return hostFunction(() => [...new Set(this.values)]);
    if (name === 'values_without_nulls') return hostFunction(() => this.values.filter((value) => value !== null));
    return undefined;
  }

  override getItem(key: unknown): unknown {
    return at(this.values, key) ?? (typeof key === 'string' ? this.getAttribute(key) : undefined);
  }

  override iterate(): Iterable<unknown> {
    return this.values;
  }

  override get size(): number {
    return this.values.length;
  }
}

class ResultRow extends HostObject {
  readonly names: string[];
  readonly values: unknown[];

  constructor(names: string[], values: unknown[]) {
    super();
    this.names = names;
    this.values = values;
  }

  getAttribute(name: string): unknown {
    if (name === 'values') return hostFunction(() => [...this.values]);
    if (name === 'keys') return hostFunction(() => [...this.names]);
    if (name === 'items') return hostFunction(() => this.names.map((key, index) => [key, this.values[index]]));
    if (name === 'dict')
      return hostFunction(() => Dict.of(Object.fromEntries(this.names.map((key, index) => [key, this.values[index]]))));
    if (name === 'get') return hostFunction((args) => this.getItem(args[0]) ?? args[1] ?? null);
    return this.#named(name);
  }

  override getItem(key: unknown): unknown {
    return typeof key === 'string' ? this.#named(key) : at(this.values, key);
  }

  override iterate(): Iterable<unknown> {
    return this.values;
  }

  override get size(): number {
    return this.values.length;
  }

  override get repr(): string {
    return `<Row: (${this.values.map(String).join(', ')})>`;
  }

  override toString(): string {
    return this.repr;
  }

  #named(name: string): unknown {
    const index = this.names.indexOf(name);
    return index === -1 ? undefined : (this.values[index] ?? null);
  }
}

/** An ordered mapping that is also indexed: `table.columns[0]`, `table.columns['id']`. */
class Columns extends HostObject {
  readonly all: ResultColumn[];

  constructor(all: ResultColumn[]) {
    super();
    this.all = all;
  }

  getAttribute(name: string): unknown {
    if (name === 'keys') return hostFunction(() => this.all.map((column) => column.name));
    if (name === 'values') return hostFunction(() => [...this.all]);
    if (name === 'items') return hostFunction(() => this.all.map((column) => [column.name, column]));
    if (name === 'get') return hostFunction((args) => this.getItem(args[0]) ?? null);
    return undefined;
  }

  override getItem(key: unknown): unknown {
    return typeof key === 'string' ? this.all.find((column) => column.name === key) : at(this.all, key);
  }

  override iterate(): Iterable<unknown> {
    return this.all;
  }

  override get size(): number {
    return this.all.length;
  }
}

const tableAttributes: Record<string, (table: ResultTable) => unknown> = {
  columns: (table) =>
    new Columns(
      table.columnNames.map(
        (name, index) =>
          new ResultColumn(
            name,
            table.rows.map((row) => row.values[index] ?? null),
          ),
      ),
    ),
  rows: (table) => table.rows,
  column_names: (table) => [...table.columnNames],
  column_types: (table) => table.columnNames.map(() => 'Text'),
  print_table: (table) => hostFunction(() => `${table}`),
  rename: (table) =>
    hostFunction((args, kwargs) => {
      const names = args[0] ?? kwargs['column_names'];
      const renamed = Array.isArray(names)
        ? names.map(String)
        : table.columnNames.map((name) => (names instanceof Map ? String(names.get(name) ?? name) : name));
      return new ResultTable(
        renamed,
        table.rows.map((row) => row.values),
      );
    }),
  select: (table) =>
    hostFunction((args) => {
      const names = (Array.isArray(args[0]) ? args[0] : [args[0]]).map(String);
      return new ResultTable(
        names,
        table.rows.map((row) => names.map((name) => row.getItem(name))),
      );
    }),
  exclude: (table) =>
    hostFunction((args) => {
      const out = new Set((Array.isArray(args[0]) ? args[0] : [args[0]]).map(String));
      const names = table.columnNames.filter((name) => !out.has(name));
      return new ResultTable(
        names,
        table.rows.map((row) => names.map((name) => row.getItem(name))),
      );
    }),
};

function at(values: unknown[], key: unknown): unknown {
  return typeof key === 'number' ? values.at(key) : undefined;
}
