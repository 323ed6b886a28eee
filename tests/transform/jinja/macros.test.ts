import { describe, expect, it } from 'vitest';
import {
  type Callable,
  type Context,
  compileMacros,
  compileTemplate,
  hostFunction,
  invoke,
  invokeSync,
  library,
  splitBlocks,
  toHost,
} from '../../../transform/jinja/index.js';

/** A project's macros, each bound to the context that they are in themselves. */
function project(source: string, extra: Record<string, unknown> = {}): Context & { macro(name: string): Callable } {
  const names = new Map<string, unknown>(Object.entries({ ...library(), ...extra }));
  const context = {
    get: (name: string) => names.get(name),
    macro: (name: string) => names.get(name) as Callable,
  };
  for (const definition of compileMacros(source, { path: 'macros/all.sql' }))
    names.set(definition.name, definition.bind(context));
  return context;
}

const render = (template: string, context: Context) =>
  compileTemplate(template, { path: 'models/a.sql' }).renderSync(context);

describe('macros of files', () => {
  it('describes every named block of a file and ignores what stands around them', () => {
    const definitions = compileMacros(
      `prose {{ and(what) }}
{% macro one(a, b: int = 2, c: list[string] = none) %}x{% endmacro %}
{% test even(model, column_name) %}select{% endtest %}
{% data_test odd(model) %}select{% enddata_test %}
{% materialization tall, adapter='postgres', supported_languages=['sql', 'python'] %}y{% endmaterialization %}
{% materialization wide, default %}y{% endmaterialization %}
{% docs note %}Don't {{ "render }} this{% enddocs %}`.replace('{{ and(what) }}', ''),
      { path: 'macros/a.sql' },
    );
    expect(
      definitions.map(({ kind, name, line, adapter, languages }) => ({ kind, name, line, adapter, languages })),
    ).toEqual([
      { kind: 'macro', name: 'one', line: 2, adapter: undefined, languages: ['sql'] },
      { kind: 'test', name: 'even', line: 3, adapter: undefined, languages: ['sql'] },
      { kind: 'test', name: 'odd', line: 4, adapter: undefined, languages: ['sql'] },
      { kind: 'materialization', name: 'tall', line: 5, adapter: 'postgres', languages: ['sql', 'python'] },
      { kind: 'materialization', name: 'wide', line: 6, adapter: 'default', languages: ['sql'] },
      { kind: 'docs', name: 'note', line: 7, adapter: undefined, languages: ['sql'] },
    ]);
    expect(definitions[0]?.parameters).toEqual([
      { name: 'a', type: undefined, hasDefault: false },
      { name: 'b', type: 'int', hasDefault: true },
      { name: 'c', type: 'list[string]', hasDefault: true },
    ]);
    expect(definitions[0]?.text).toBe('{% macro one(a, b: int = 2, c: list[string] = none) %}x{% endmacro %}');
  });

  it('lets the context decide which macro a name means, so that a project can override it', () => {
    const source = `{% macro inner() %}package{% endmacro %}{% macro outer() %}{{ inner() }}{% endmacro %}`;
    const overriding = compileMacros('{% macro inner() %}project{% endmacro %}', { path: 'p.sql' })[0];
    const names = new Map<string, unknown>();
    const context = { get: (name: string) => names.get(name) };
    for (const definition of compileMacros(source, { path: 'q.sql' }))
      names.set(definition.name, definition.bind(context));
    expect(render('{{ outer() }}', context)).toBe('package');
    names.set('inner', overriding?.bind(context));
    expect(render('{{ outer() }}', context)).toBe('project');
  });

  it('prefers the macro of the context to one of the same name in the template', () => {
    const template = '{% macro name() %}template{% endmacro %}{{ name() }}';
    expect(render(template, project(''))).toBe('template');
    expect(render(template, project('{% macro name() %}project{% endmacro %}'))).toBe('project');
  });

  it('returns values of any kind, from inside loops and blocks, and only from the innermost macro', () => {
    const context = project(`
      {% macro found(xs) %}{% for x in xs %}{% if x > 1 %}{{ return({'x': x}) }}{% endif %}{% endfor %}none{% endmacro %}
      {% macro relay(xs) %}{% set found_one = found(xs) %}{{ return([found_one.x, 'after']) }}{% endmacro %}`);
    expect(toHost(invokeSync(context.macro('relay'), [[1, 2, 3]]))).toEqual([2, 'after']);
    expect(String(invokeSync(context.macro('found'), [[0]])).trim()).toBe('none');
    expect(toHost(invokeSync(context.macro('found'), [[5]]))).toEqual({ x: 5 });
  });

  it('returns through the macro that a call block hands its body to', () => {
    const context = project('{% macro wrap() %}<{{ caller() }}>{% endmacro %}');
    expect(render("{% call wrap() %}a{{ return('value') }}{% endcall %}", context)).toBe('value');
  });

  it('awaits what host functions promise in the middle of expressions, loops, arguments and call blocks', async () => {
    const queries: string[] = [];
    const run_query = hostFunction(async (args) => {
      queries.push(String(args[0]));
      await Promise.resolve();
      return [1, 2];
    });
    const context = project(
      `{% macro rows(sql) %}{{ return(run_query(sql)) }}{% endmacro %}
       {% macro wrap(x) %}({{ x }}:{{ caller(run_query('w') | length) }}){% endmacro %}`,
      { run_query },
    );
    const template = `{% for x in rows('a') if x in run_query('b') %}{{ x + (rows('c') | sum) }};{% endfor %}{% call(n) wrap(rows('d')[0]) %}{{ n }}{{ rows('e') | last }}{% endcall %}{{ run_query('f') and 'yes' }}`;
    const text = await compileTemplate(template, { path: 'a.sql' }).render(context);
    expect(text).toBe('4;5;(1:22)yes');
    expect(queries).toEqual(['a', 'b', 'b', 'c', 'c', 'd', 'w', 'e', 'f']);
  });

  it('runs many renderings of one template at the same time without mixing them', async () => {
    const slow = hostFunction(async (args) => {
      for (let turn = 0; turn < Number(args[0]); turn++) await Promise.resolve();
      return args[0];
    });
    const template = compileTemplate('{% set a = slow(n) %}{{ a }}{{ slow(n) + a }}', { path: 'a.sql' });
    const texts = await Promise.all([5, 1, 3].map((n) => template.render({ slow, n })));
    expect(texts).toEqual(['510', '12', '36']);
  });

  it('says so when something has to be waited for while a project is parsed', () => {
    const run_query = hostFunction(function run_query() {
      return Promise.reject(new Error('no database'));
    });
    expect(() => render("{{ run_query('select 1') }}", project('', { run_query }))).toThrow(
      /models\/a\.sql:1:13: run_query\(\) has to wait/,
    );
  });

  it('can be called from TypeScript, waiting and not', async () => {
    const context = project('{% macro add(a, b=1) %}{{ return(a + b) }}{% endmacro %}');
    expect(invokeSync(context.macro('add'), [1], { b: 5 })).toBe(6);
    expect(await invoke(context.macro('add'), [1])).toBe(2);
  });

  it('gives a host function the body of a call block', async () => {
    const statement = hostFunction(async (args, kwargs, run) => {
      const sql = await invoke(kwargs['caller'] as Callable, [], {}, run);
      return `${args[0]}=[${String(sql).trim()}]`;
    });
    const text = await compileTemplate("{% call statement('main') %} select {{ 1 }} {% endcall %}", {
      path: 'a.sql',
    }).render({ statement });
    expect(text).toBe('main=[select 1]');
  });
});

describe('blocks of files', () => {
  it('gives name, arguments, body and place of each, and leaves out the rest', () => {
    const blocks = splitBlocks(
      "-- {# {% snapshot no %} #}\n{% snapshot orders_snapshot %}\n{{ config(x='{% endsnapshot %}') }}\nselect 1\n{% endsnapshot %}\n{% raw %}{% snapshot no %}{% endraw %}\n{%- snapshot b -%} s {%- endsnapshot -%}",
      { path: 'snapshots/a.sql', allowed: ['snapshot'] },
    );
    expect(blocks.map(({ name, line, bodyLine, source }) => ({ name, line, bodyLine, source }))).toEqual([
      {
        name: 'orders_snapshot',
        line: 2,
        bodyLine: 2,
        source: "\n{{ config(x='{% endsnapshot %}') }}\nselect 1\n",
      },
      { name: 'b', line: 7, bodyLine: 7, source: ' s ' },
    ]);
  });

  it('reads docs as prose, whatever stands in them', () => {
    const [block] = splitBlocks('{% docs d %}it\'s {{ open " {% if %} 100%{% enddocs %}', {
      path: 'a.md',
      allowed: ['docs'],
    });
    expect(block?.source).toBe('it\'s {{ open " {% if %} 100%');
  });

  it('says where a block is that is not closed', () => {
    expect(() => splitBlocks('\n{% snapshot s %}select 1', { path: 'a.sql', allowed: ['snapshot'] })).toThrow(
      /a\.sql:2:1: {% snapshot s %} is not closed/,
    );
  });
});
