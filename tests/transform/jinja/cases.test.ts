import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  type Context,
  compileMacros,
  compileTemplate,
  HostObject,
  hostFunction,
  library,
  TemplateError,
  toHost,
} from '../../../transform/jinja/index.js';

interface Case {
  id: string;
  group: string;
  template: string;
  expect: { out: string; cfg: unknown[] } | { err: string };
}

const golden = JSON.parse(readFileSync(new URL('../../golden/jinja/cases.json', import.meta.url), 'utf8')) as {
  macros: string;
  cases: Case[];
};

/** The context that the file describes: what Jinja2 had when it printed the expected texts. */
function referenceContext(): { context: Context; configs: unknown[] } {
  const configs: unknown[] = [];
  const names = new Map<string, unknown>(Object.entries(library()));
  const context: Context = { get: (name) => names.get(name) };
  for (const definition of compileMacros(golden.macros, { path: 'macros.sql' }))
    names.set(definition.name, definition.bind(context));
  const values: Record<string, unknown> = {
    config: hostFunction((_args, kwargs) => {
      configs.push(toHost({ ...kwargs }));
      return '';
    }),
    ref: hostFunction((args, kwargs) => {
      const version = kwargs['v'] === undefined ? '' : `_v${kwargs['v']}`;
      return new Relation('db', 'sch', args.join('.') + version);
    }),
    source: hostFunction((args) => new Relation('db', 'sch', args.join('.'))),
    this: new Relation('db', 'sch', 'me'),
    var: hostFunction((args) => args[1]),
    env_var: hostFunction((args) => args[1]),
    execute: true,
    nul: null,
    arr: ['p', 'q'],
    emptyarr: [],
    x: 7,
    row: new Row(['name'], ['nm']),
    cols: [
      { name: 'id', dtype: 'int' },
      { name: 'nm', dtype: 'text' },
      { name: 'z', dtype: 'text' },
    ],
    run_query: hostFunction((_args, _kwargs, run) => {
      const table = new Table();
      return run.sync ? table : Promise.resolve(table);
    }),
    adapter: { dispatch: hostFunction((args) => names.get(`default__${args[0]}`)) },
    dbt_utils: { star: names.get('default__star') },
    ref2: hostFunction((_args, kwargs) => Object.keys(kwargs).sort().join(',')),
    context: { cents: names.get('cents') },
  };
  for (const [name, value] of Object.entries(values)) names.set(name, value);
  return { context, configs };
}

class Relation extends HostObject {
  readonly database: string | undefined;
  readonly schema: string;
  readonly identifier: string;

  constructor(database: string | undefined, schema: string, identifier: string) {
    super();
    this.database = database;
    this.schema = schema;
    this.identifier = identifier;
  }

  getAttribute(name: string): unknown {
    if (name === 'schema') return this.schema;
    if (name === 'identifier') return this.identifier;
    if (name === 'include') return hostFunction(() => new Relation(undefined, this.schema, this.identifier));
    return undefined;
  }

  override toString(): string {
    return [this.database, this.schema, this.identifier].flatMap((part) => (part ? [`"${part}"`] : [])).join('.');
  }
}

class Row extends HostObject {
  readonly #names: string[];
  readonly #values: unknown[];

  constructor(names: string[], values: unknown[]) {
    super();
    this.#names = names;
    this.#values = values;
  }

  getAttribute(name: string): unknown {
    return this.#values[this.#names.indexOf(name)];
  }

  override getItem(key: unknown): unknown {
    return typeof key === 'number' ? this.#values[key] : this.getAttribute(String(key));
  }

  override toString(): string {
    return 'row';
  }
}

class Column extends HostObject {
  getAttribute(name: string): unknown {
    return name === 'values' ? hostFunction(() => [1, 2]) : undefined;
  }

  override toString(): string {
    return 'column';
  }
}

class Table extends HostObject {
  getAttribute(name: string): unknown {
    return name === 'columns' ? [new Column()] : undefined;
  }

  override iterate(): Iterable<unknown> {
    return [new Row(['id'], [1]), new Row(['id'], [2])];
  }

  override toString(): string {
    return 'table';
  }
}

describe.each(['sync', 'async'] as const)('templates as dbt projects use them, rendered %s', (mode) => {
  it.each(golden.cases.map((each) => [each.id, each] as const))('prints what Jinja2 prints: %s', async (_id, each) => {
    const { context, configs } = referenceContext();
    const template = compileTemplate(each.template, { path: `${each.id}.sql` });
    const rendering = mode === 'sync' ? async () => template.renderSync(context) : () => template.render(context);
    if ('err' in each.expect) {
      const [, message] = each.expect.err.split('CompilationError: ');
      const error = await rendering().catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(TemplateError);
      expect((error as TemplateError).reason).toBe(message);
      return;
    }
    expect(await rendering()).toBe(each.expect.out);
    expect(configs).toEqual(each.expect.cfg);
  });
});
