import { describe, expect, it } from 'vitest';
import { testDatabase } from '../support/postgres.js';
import { Bench, warehouses } from '../support/warehouses.js';
import { addFiles, writeProject } from './projects.js';

const model = (config: string, sql: string) => ({ 'models/m.sql': `{{ config(${config}) }}\n${sql}` });

describe.each(warehouses)('views of a relation that is rebuilt, on %s', (_name, makeWarehouse) => {
  it.each(['table', 'view', 'incremental'])('show what is new (%s)', async (kind) => {
    const bench = await Bench.open(
      writeProject(model(`materialized='${kind}'`, 'select v from src')),
      await makeWarehouse(),
    );
    await bench.rows('create table src as select 1 as v');
    await bench.built('m');
    await bench.rows('create view direct as select v + 10 as v from m');
    await bench.rows('create view indirect as select d.v + m.v as v from direct d cross join m');
    await bench.rows('update src set v = 2');
    expect((await bench.built('m', { fullRefresh: true })).message).not.toMatch(/view .* gone/);
    expect(await bench.rows('select v from direct')).toEqual([[12]]);
    expect(await bench.rows('select v from indirect')).toEqual([[14]]);
  });

  it('show the rows of a seed that is loaded anew', async () => {
    const bench = await Bench.open(writeProject({ 'seeds/m.csv': 'id\n1\n' }), await makeWarehouse());
    await bench.built('m');
    await bench.rows('create view direct as select count(*) as n from m');
    addFiles(bench.project.dir, { 'seeds/m.csv': 'id,v\n1,a\n2,b\n' });
    await (await bench.withProject()).built('m', { fullRefresh: true });
    expect(await bench.rows('select n from direct')).toEqual([[2]]);
  });
});

describe('views of a relation that is rebuilt, on PostgreSQL', () => {
  it('keep their options, owner, grants, comments and triggers, and materialized ones their indexes', async () => {
    const empty = await Bench.open(writeProject({}), await testDatabase());
    const role = `reader_${empty.adapter.database}`;
    await empty.rows(`create role ${role}; create table src as select 1 as v`);
    // A rebuilt table has the grants of its config: the owner of a view must still be able to read it.
    const config = `materialized='table', grants={'select': ['${role}']}`;
    const bench = await empty.withProject(writeProject(model(config, 'select v from src')));
    await bench.built('m');
    await bench.rows(`create schema "Other one"; grant create, usage on schema "Other one" to ${role}; 
      create view "Other one"."a view" with (security_barrier = true) as select v as "Value" from m;
      comment on view "Other one"."a view" is 'it''s a view'; comment on column "Other one"."a view"."Value" is 'its value';
      grant select on "Other one"."a view" to pg_monitor with grant option; grant update on "Other one"."a view" to public;
      create function f() returns trigger language plpgsql as 'begin return new; end';
      create trigger t instead of insert on "Other one"."a view" for each row execute function f();
      create materialized view held as select "Value" from "Other one"."a view"; create unique index held_value on held ("Value");
      create materialized view empty as select v from m with no data; alter view "Other one"."a view" owner to ${role}`);
    const state = `select relname::text, relowner::regrole::text, reloptions::text, relacl::text, relispopulated, obj_description(c.oid), col_description(c.oid, 1),
      (select string_agg(indexdef, ';') from pg_indexes i where i.tablename = relname),
      (select string_agg(pg_get_triggerdef(t.oid), ';') from pg_trigger t where t.tgrelid = c.oid)
      from pg_class c where relkind in ('v', 'm') and relnamespace in ('public'::regnamespace, '"Other one"'::regnamespace) order by 1`;
    const before = await bench.rows(state);
    await bench.rows('update src set v = 2');
    const { message } = await bench.built('m');
    expect(message).toBe('SELECT 1');
    expect(before).toHaveLength(3);
    expect(await bench.rows(state)).toEqual(before);
    expect(await bench.rows('select * from held')).toEqual([[2]]);
    expect(await bench.rows('show search_path')).toEqual([['"$user", public']]);
    await bench.rows(`drop owned by ${role} cascade; drop role ${role}`);
  });

  it('go when a column of theirs is gone, which the result says', async () => {
    const bench = await Bench.open(
      writeProject(model(`materialized='table'`, 'select 1 as a, 2 as b')),
      await testDatabase(),
    );
    await bench.built('m');
    await bench.rows(
      'create view of_a as select a from m; create view of_b as select b from m; create view of_both as select * from of_a cross join of_b',
    );
    addFiles(bench.project.dir, model(`materialized='table'`, 'select 1 as a'));
    const { message } = await (await bench.withProject()).built('m');
    expect(message).toBe(
      'SELECT 1; the view public.of_b is gone, since it cannot be made again: column "b" does not exist; the view public.of_both is gone, since it cannot be made again: relation "public.of_b" does not exist',
    );
    expect(await bench.rows('select a from of_a')).toEqual([[1]]);
  });
});
