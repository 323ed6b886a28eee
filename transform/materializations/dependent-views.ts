import { describeError } from '../../kernel/errors.js';
import type { QueryResult } from '../adapters/adapter.js';
import { quoteLiteral, type Relation } from '../compile/relation.js';
import type { NodeRun } from './materialization.js';

/** A view that reads a relation which is about to be replaced, with what makes it again as it was. */
export interface DependentView {
  /** As a person writes it: `schema.view`. */
  name: string;
  /** In order: the view, then its owner, indexes, grants, comments, triggers. */
  statements: string[];
}

/**
 * The views and materialized views that read a relation, directly or through each other, those first that others read. PostgreSQL drops them with
 * what they read: dbt leaves it at that, also for views that it does not know. DuckDB keeps views by name, and has none to remember.
 */
export async function dependentViews(run: NodeRun, relation: Relation): Promise<DependentView[]> {
  if (run.adapter.type !== 'postgres') return [];
  const { rows } = await run.execute(dependentsSql(relation));
  if (rows.length === 0) return [];
  const ids = rows.map(([id]) => String(id));
  const [[path]] = (await run.execute('show search_path')).rows as [[string]];
  // Definitions name everything with its schema only when nothing is found without one.
  await run.execute(`set local search_path to ''`);
  const views: DependentView[] = [];
  for (const id of ids) {
    const definition = await run.execute(definitionSql(id));
    const [name, ...statements] = definition.rows.map(([text]) => String(text));
    views.push({ name: name as string, statements });
  }
  await run.execute(`select set_config('search_path', ${quoteLiteral(path)}, true)`);
  return views;
}

/**
 * Makes the views again over what took the relation's place. One that cannot be, since a column that it reads is gone, stays away, with those that read it.
 * Gives a sentence for each of these.
 */
export async function restoreViews(run: NodeRun, views: DependentView[]): Promise<string[]> {
  const lost: string[] = [];
  for (const { name, statements } of views) {
    // Another session may have put its own in the place meanwhile.
    const { rows } = await run.execute(`select to_regclass(${quoteLiteral(name)}) is not null`);
    if (rows[0]?.[0] === true) continue;
    await run.execute('savepoint dependent_view');
    try {
      for (const statement of statements) await run.execute(statement);
      await run.execute('release savepoint dependent_view');
    } catch (error) {
      await run.execute('rollback to savepoint dependent_view');
      const [reason] = describeError(error).split('\n');
      lost.push(`the view ${name} is gone, since it cannot be made again: ${reason}`);
    }
  }
  return lost;
}

/** The result of a node, which says what it cost others. */
export function withLostViews(main: QueryResult, lost: string[]): QueryResult {
  return lost.length === 0 ? main : { ...main, message: [main.message, ...lost].join('; ') };
}

const depthMax = 100;

function dependentsSql(relation: Relation): string {
  const reader = `pg_catalog.pg_rewrite r on r.oid = d.objid and d.classid = 'pg_catalog.pg_rewrite'::regclass and d.refclassid = 'pg_catalog.pg_class'::regclass and r.ev_class <> d.refobjid`;
  return `with recursive dependents(oid, depth) as (
  select r.ev_class, 1 from pg_catalog.pg_depend d join ${reader} where d.refobjid = ${quoteLiteral(relation.render())}::regclass
  union
  select r.ev_class, depth + 1 from dependents p join pg_catalog.pg_depend d on d.refobjid = p.oid join ${reader} where depth < ${depthMax}
)
select oid::bigint from dependents group by oid order by max(depth), oid`;
}

/** Rows of one text: the view's name, then the statements. */
function definitionSql(id: string): string {
  return `with view as (
  select c.*, c.oid as id, format('%I.%I', n.nspname, c.relname) as name, case c.relkind when 'm' then 'materialized view' else 'view' end as kind
  from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace where c.oid = ${id}
),
parts(part, number, text) as (
  select 1, 0, name from view
  union all
  select 2, 0, format('create %s %s%s as %s%s', kind, name, ' with (' || array_to_string(reloptions, ', ') || ')',
    rtrim(pg_catalog.pg_get_viewdef(id), ';'), case when relkind = 'm' and not relispopulated then ' with no data' end) from view
  union all
  select 3, 0, format('alter %s %s owner to %I', kind, name, pg_catalog.pg_get_userbyid(relowner)) from view where pg_catalog.pg_get_userbyid(relowner) <> current_user
  union all
  select 4, i.indexrelid::int, pg_catalog.pg_get_indexdef(i.indexrelid) from view join pg_catalog.pg_index i on i.indrelid = id
  union all
  select 5, row_number() over ()::int, format('grant %s on %s to %s%s', a.privilege_type, name, case a.grantee when 0 then 'public' else quote_ident(pg_catalog.pg_get_userbyid(a.grantee)) end, case when a.is_grantable then ' with grant option' end)
    from view, pg_catalog.aclexplode(relacl) a where a.grantee <> relowner
  union all
  select 6, d.objsubid, format('comment on %s is %L', case d.objsubid when 0 then kind || ' ' || name else format('column %s.%I', name, a.attname) end, d.description)
    from view join pg_catalog.pg_description d on d.objoid = id and d.classoid = 'pg_catalog.pg_class'::regclass
    left join pg_catalog.pg_attribute a on a.attrelid = id and a.attnum = d.objsubid
  union all
  select 7, t.oid::int, pg_catalog.pg_get_triggerdef(t.oid) from view join pg_catalog.pg_trigger t on t.tgrelid = id and not t.tgisinternal
  union all
  select 8, r.oid::int, pg_catalog.pg_get_ruledef(r.oid) from view join pg_catalog.pg_rewrite r on r.ev_class = id and r.rulename <> '_RETURN'
)
select text from parts order by part, number`;
}
