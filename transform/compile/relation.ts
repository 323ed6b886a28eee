import { HostObject, hostFunction, type Keywords, readArguments } from '../jinja/index.js';

/** dbt's words for what a name in the database can be. `cte` is an ephemeral model inside another statement. */
export type RelationType = 'table' | 'view' | 'cte' | 'materialized_view' | 'external';

export interface QuotePolicy {
  database: boolean;
  schema: boolean;
  identifier: boolean;
}

export const quoteAll: QuotePolicy = { database: true, schema: true, identifier: true };

/** The longest identifier that PostgreSQL keeps, in bytes. */
export const identifierBytesMax = 63;

/**
 * A name in the database: what `ref`, `source` and `this` are. It prints as the quoted, qualified name. Immutable; the
 * methods that templates know it by (`include`, `replace_path` …) return new ones.
 */
/** What dbt appends to the names of relations that are being built, or were replaced. */
export const suffixes = { intermediate: '__dbt_tmp', backup: '__dbt_backup' } as const;

export class Relation extends HostObject {
  readonly database: string | null;
  readonly schema: string | null;
  readonly identifier: string | null;
  readonly type: RelationType | null;
  readonly quotePolicy: QuotePolicy;
  readonly includePolicy: QuotePolicy;
  /** Wraps the name, e.g. in a filter on event time: `(select * from x where …)`. */
  readonly filter: string | null;
  /** `--empty`: reads no row. */
  readonly limit: number | null;
  /** What stands for the name: a file, or a function that reads files (DuckDB's external sources). */
  readonly location: string | null;

  constructor(parts: {
    database?: string | null;
    schema?: string | null;
    identifier?: string | null;
    type?: RelationType | null;
    quotePolicy?: QuotePolicy;
    includePolicy?: QuotePolicy;
    filter?: string | null;
    limit?: number | null;
    location?: string | null;
  }) {
    super();
    this.database = parts.database ?? null;
    this.schema = parts.schema ?? null;
    this.identifier = parts.identifier ?? null;
    this.type = parts.type ?? null;
    this.quotePolicy = parts.quotePolicy ?? quoteAll;
    this.includePolicy = parts.includePolicy ?? quoteAll;
    this.filter = parts.filter ?? null;
    this.limit = parts.limit ?? null;
    this.location = parts.location ?? null;
  }

  get name(): string | null {
    return this.identifier;
  }

  get table(): string | null {
    return this.identifier;
  }

  /** This relation with some parts changed. */
  with(parts: Partial<ConstructorParameters<typeof Relation>[0]>): Relation {
    return new Relation({ ...this, ...parts });
  }

  include(parts: Partial<QuotePolicy>): Relation {
    return this.with({ includePolicy: { ...this.includePolicy, ...parts } });
  }

  quote(parts: Partial<QuotePolicy>): Relation {
    return this.with({ quotePolicy: { ...this.quotePolicy, ...parts } });
  }

  withoutIdentifier(): Relation {
    return this.include({ identifier: false });
  }

  /** The same name, parts compared as the database compares them. */
  matches(other: { database?: string | null; schema?: string | null; identifier?: string | null }): boolean {
    const same = (mine: string | null, theirs: string | null | undefined, quoted: boolean) =>
      theirs === undefined ||
      theirs === null ||
      mine === null ||
      (quoted ? mine === theirs : fold(mine) === fold(theirs));
    return (
      same(this.database, other.database, false) &&
      same(this.schema, other.schema, this.quotePolicy.schema) &&
      same(this.identifier, other.identifier, this.quotePolicy.identifier)
    );
  }

  /** A relation beside this one, named with a suffix, shortened so that the whole name fits. */
  suffixed(suffix: string, type: RelationType | null = this.type): Relation {
    const base = truncateBytes(this.identifier ?? '', identifierBytesMax - Buffer.byteLength(suffix));
    return this.with({ identifier: base + suffix, type, filter: null, limit: null });
  }

  getAttribute(name: string): unknown {
    return relationAttributes[name]?.(this);
  }

  override get isMapping(): boolean {
    return true;
  }

  override get repr(): string {
    return `<Relation ${this.toString()}>`;
  }

  override equals(other: unknown): boolean {
    return other instanceof Relation && other.toString() === this.toString();
  }

  render(): string {
    if (this.location !== null) return this.location;
    const parts: string[] = [];
    if (this.database !== null && this.includePolicy.database) parts.push(this.#part(this.database, 'database'));
    if (this.schema !== null && this.includePolicy.schema) parts.push(this.#part(this.schema, 'schema'));
    if (this.identifier !== null && this.includePolicy.identifier)
      parts.push(this.#part(this.identifier, 'identifier'));
    return parts.join('.');
  }

  override toString(): string {
    if (this.type === 'cte') return this.identifier ?? '';
    const name = this.render();
    if (this.limit !== null)
      return `(select * from ${name}${this.filter ? ` where ${this.filter}` : ''} limit ${this.limit}) _dbt_limit_subq_${this.identifier}`;
    if (this.filter !== null)
      return `(select * from ${name} where ${this.filter}) _dbt_et_filter_subq_${this.identifier}`;
    return name;
  }

  #part(text: string, part: keyof QuotePolicy): string {
    return this.quotePolicy[part] ? quoteIdentifier(text) : text;
  }
}

/** A column of a relation, with the words templates ask it for. Types are the database's own, e.g. `character varying(20)`. */
export class Column extends HostObject {
  readonly name: string;
  readonly dataType: string;

  constructor(name: string, dataType: string) {
    super();
    this.name = name;
    this.dataType = dataType;
  }

  /** The type without length or precision. */
  get baseType(): string {
    return this.dataType.replace(/\s*\([^)]*\)/, '');
  }

  get extent(): { length: number | null; precision: number | null; scale: number | null } {
    const [first, second] = (/\(([^)]*)\)/.exec(this.dataType)?.[1] ?? '')
      .split(',')
      .map((part) => Number.parseInt(part, 10));
    const value = first === undefined || Number.isNaN(first) ? null : first;
    return this.isNumeric()
      ? { length: null, precision: value, scale: second === undefined || Number.isNaN(second) ? null : second }
      : { length: value, precision: null, scale: null };
  }

  get quoted(): string {
    return quoteIdentifier(this.name);
  }

  isString(): boolean {
    return /^(text|character|character varying|varchar|char|bpchar|string)$/i.test(this.baseType);
  }

  isNumber(): boolean {
    return this.isInteger() || this.isNumeric() || this.isFloat();
  }

  isInteger(): boolean {
    return /^(smallint|integer|bigint|int|int2|int4|int8|smallserial|serial|bigserial|tinyint|hugeint|u?(tiny|small|big|huge)?int(eger)?)$/i.test(
      this.baseType,
    );
  }

  isFloat(): boolean {
    return /^(real|float|float4|float8|double precision|double)$/i.test(this.baseType);
  }

  isNumeric(): boolean {
    return /^(numeric|decimal)$/i.test(this.baseType);
  }

  /** Both are text and the other one is longer: the column can grow to it. */
  canExpandTo(other: Column): boolean {
    return this.isString() && other.isString() && (other.extent.length ?? 256) > (this.extent.length ?? 256);
  }

  getAttribute(name: string): unknown {
    return columnAttributes[name]?.(this);
  }

  override get repr(): string {
    return this.toString();
  }

  override equals(other: unknown): boolean {
    return other instanceof Column && other.name === this.name && other.dataType === this.dataType;
  }

  override toString(): string {
    return `<Column ${this.name} (${this.dataType})>`;
  }
}

export function quoteIdentifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** A string literal of standard SQL. */
export function quoteLiteral(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/** Cuts at a character's boundary so that the text has at most `bytesMax` bytes in UTF-8. */
export function truncateBytes(text: string, bytesMax: number): string {
  let cut = text.slice(0, bytesMax);
  while (Buffer.byteLength(cut) > bytesMax) cut = [...cut].slice(0, -1).join('');
  return cut;
}

/** What templates see of a relation. */
const relationAttributes: Record<string, (relation: Relation) => unknown> = {
  database: (relation) => relation.database,
  schema: (relation) => relation.schema,
  identifier: (relation) => relation.identifier,
  name: (relation) => relation.identifier,
  table: (relation) => relation.identifier,
  type: (relation) => relation.type,
  is_table: (relation) => relation.type === 'table',
  is_view: (relation) => relation.type === 'view',
  is_cte: (relation) => relation.type === 'cte',
  is_materialized_view: (relation) => relation.type === 'materialized_view',
  can_be_renamed: () => true,
  can_be_replaced: () => true,
  /** dbt's relations are mappings; packages recognise them by this. */
  metadata: () => ({ type: 'PostgresRelation' }),
  path: ({ database, schema, identifier }) => ({ database, schema, identifier }),
  quote_policy: (relation) => ({ ...relation.quotePolicy }),
  include_policy: (relation) => ({ ...relation.includePolicy }),
  render: (relation) => hostFunction(() => relation.render()),
  include: (relation) => hostFunction((_args, kwargs) => relation.include(policy(kwargs))),
  quote: (relation) => hostFunction((_args, kwargs) => relation.quote(policy(kwargs))),
  without_identifier: (relation) => hostFunction(() => relation.withoutIdentifier()),
  replace_path: (relation) => hostFunction((_args, kwargs) => relation.with(kwargs as { identifier?: string })),
  incorporate: (relation) => hostFunction((_args, kwargs) => incorporate(relation, kwargs)),
  suffixed: (relation) =>
    hostFunction((args, kwargs) => {
      const [suffix, type] = readArguments('suffixed', ['suffix', 'type?'], args, kwargs);
      return relation.suffixed(String(suffix), (type as RelationType | undefined) ?? relation.type);
    }),
  information_schema: (relation) =>
    hostFunction((args) => {
      const view = typeof args[0] === 'string' ? args[0] : null;
      const quotes = { database: relation.quotePolicy.database, schema: false, identifier: false };
      return new Relation({
        database: relation.database,
        schema: 'INFORMATION_SCHEMA',
        identifier: view,
        quotePolicy: quotes,
      });
    }),
  matches: (relation) => hostFunction((_args, kwargs) => relation.matches(kwargs)),
  get: (relation) => hostFunction((args) => relation.getAttribute(String(args[0])) ?? args[1] ?? null),
};

function policy(kwargs: Keywords): Partial<QuotePolicy> {
  return Object.fromEntries(Object.entries(kwargs).map(([key, value]) => [key, value === true]));
}

function incorporate(relation: Relation, kwargs: Keywords): Relation {
  const path = (kwargs['path'] ?? {}) as object;
  const parts = path instanceof Map ? Object.fromEntries(path) : path;
  const type = kwargs['type'] as RelationType | undefined;
  return relation.with({ ...parts, ...(type === undefined ? {} : { type }) });
}

/** What templates see of a column. */
const columnAttributes: Record<string, (column: Column) => unknown> = {
  name: (column) => column.name,
  column: (column) => column.name,
  quoted: (column) => column.quoted,
  dtype: (column) => column.baseType,
  data_type: (column) => column.dataType,
  expanded_data_type: (column) => column.dataType,
  char_size: (column) => column.extent.length,
  numeric_precision: (column) => column.extent.precision,
  numeric_scale: (column) => column.extent.scale,
  is_string: (column) => hostFunction(() => column.isString()),
  is_number: (column) => hostFunction(() => column.isNumber()),
  is_integer: (column) => hostFunction(() => column.isInteger()),
  is_float: (column) => hostFunction(() => column.isFloat()),
  is_numeric: (column) => hostFunction(() => column.isNumeric()),
  string_size: (column) => hostFunction(() => column.extent.length ?? 256),
  can_expand_to: (column) =>
    hostFunction((args, kwargs) => column.canExpandTo((args[0] ?? kwargs['other_column']) as Column)),
  literal: (column) => hostFunction((args) => `${String(args[0])}::${column.dataType}`),
};

function fold(text: string): string {
  return text.toLowerCase();
}
