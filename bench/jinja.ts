import { compileMacros, compileTemplate, HostObject, hostFunction, library } from '../transform/jinja/index.js';
import { type Bench, type BenchRow, measureAgainst } from './bench.js';

const models = 5000;

/**
 * What parsing a project costs in templates: 5,000 models, all different, each with config, refs, a source, a loop and
 * is_incremental(). Goals: a thread reads and renders them in about a second, and a rendering after the first is nearly free.
 * Measured with the throw-away prototype before: 164–267 µs and 11–20 µs; Jinja2 in CPython took 2,055 µs.
 */
export const bench: Bench = async (say) => {
  // Each round has texts of its own: V8 would remember functions that it has compiled before.
  let round = 0;
  const freshSources = () => {
    round++;
    return Array.from({ length: models }, (_, index) => modelSource(index, round));
  };
  const context = projectContext();
  const compiled = freshSources().map((source, index) => compileTemplate(source, { path: `models/m${index}.sql` }));
  const perModel = (elapsedMs: number) => (elapsedMs * 1000) / models;
  const rows: BenchRow[] = [];
  rows.push(
    await measureAgainst(
      {
        name: 'compile and render a model',
        unit: 'µs',
        goal: 200,
        better: 'lower',
        measure: async () => {
          const sources = freshSources();
          return perModel(
            elapsed(() => sources.map((source) => compileTemplate(source, { path: 'm.sql' }).renderSync(context))),
          );
        },
      },
      say,
    ),
    await measureAgainst(
      {
        name: 'render a compiled model',
        unit: 'µs',
        goal: 20,
        better: 'lower',
        measure: async () => perModel(elapsed(() => compiled.map((template) => template.renderSync(context)))),
      },
      say,
    ),
    await measureAgainst(
      {
        name: 'render a compiled model, awaiting a query',
        unit: 'µs',
        goal: 40,
        better: 'lower',
        measure: async () => {
          const start = performance.now();
          for (const template of compiled) await template.render(context);
          return perModel(performance.now() - start);
        },
      },
      say,
    ),
  );
  return rows;
};

function elapsed(work: () => unknown): number {
  const start = performance.now();
  work();
  return performance.now() - start;
}

function modelSource(index: number, round: number): string {
  return `{{ config(materialized='incremental', unique_key='id_${index}', tags=['t${index % 7}', 'round_${round}']) }}
{%- set statuses = ['placed', 'shipped', 'completed', 'returned'] -%}
with orders as (select * from {{ ref('stg_orders_${index}') }}),
payments as (select * from {{ source('raw', 'payments_${index % 50}') }})
select
    orders.id,
    {% for status in statuses -%}
    sum(case when status = '{{ status }}' then {{ cents('amount_${index}') }} end) as {{ status }}_amount{{ ',' if not loop.last }}
    {% endfor %}
from orders left join payments using (id)
{% if is_incremental() %}
where updated_at > (select max(updated_at) from {{ this }})
{% endif %}
`;
}

class Relation extends HostObject {
  readonly #name: string;

  constructor(name: string) {
    super();
    this.#name = name;
  }

  getAttribute(): unknown {
    return undefined;
  }

  override toString(): string {
    return `"db"."analytics"."${this.#name}"`;
  }
}

function projectContext(): Map<string, unknown> {
  const context = new Map<string, unknown>(Object.entries(library()));
  context.set(
    'config',
    hostFunction(() => ''),
  );
  context.set(
    'ref',
    hostFunction((args) => new Relation(String(args[0]))),
  );
  context.set(
    'source',
    hostFunction((args) => new Relation(args.join('.'))),
  );
  context.set('this', new Relation('this'));
  const macros = `{% macro cents(name, scale=2) %}({{ name }} / 100)::numeric(16, {{ scale }}){% endmacro %}
{% macro is_incremental() %}{{ return(run_query('select 1') | length == 1) }}{% endmacro %}`;
  context.set(
    'run_query',
    hostFunction((_args, _kwargs, run) => (run.sync ? [1] : Promise.resolve([1]))),
  );
  for (const definition of compileMacros(macros, { path: 'macros.sql' }))
    context.set(definition.name, definition.bind(context));
  return context;
}
