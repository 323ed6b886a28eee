import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { registerSqlCommands } from '../../cli/commands/sql.js';
import { testDatabase } from '../support/postgres.js';
import { addFiles, rowsOf, writeProject } from '../transform/projects.js';

afterEach(() => {
  process.exitCode = undefined;
  vi.restoreAllMocks();
});

/** Runs `millrace sql …` in this process; what it printed and its exit code. */
async function sql(dir: string, url: string, ...args: string[]): Promise<{ out: string; code: number }> {
  const printed: string[] = [];
  for (const stream of [process.stdout, process.stderr])
    vi.spyOn(stream, 'write').mockImplementation((text) => {
      printed.push(String(text));
      return true;
    });
  const program = new Command('millrace').exitOverride();
  registerSqlCommands(program);
  await program.parseAsync(['sql', ...args, '--project-dir', dir, '--connection-url', url], { from: 'user' });
  vi.restoreAllMocks();
  return { out: printed.join(''), code: Number(process.exitCode ?? 0) };
}

const files = {
  'seeds/raw.csv': 'id\n1\n2\n',
  'models/a.sql': "select * from {{ ref('raw') }}",
  'models/b.sql': "{{ config(tags=['late']) }} select 1 / (id - {{ var('broken', 5) }}) as x from {{ ref('a') }}",
  'models/s.yml': 'models: [{name: a, columns: [{name: id, tests: [unique]}]}]',
};

describe('millrace sql', () => {
  it('builds with progress, writes artifacts and compiled SQL, and exits with 0', async () => {
    const url = await testDatabase();
    const dir = writeProject(files);
    const { out, code } = await sql(dir, url, 'build');
    expect(code).toBe(0);
    expect(out).toMatch(/1 of 4 START seed file public.raw/);
    expect(out).toMatch(/Done. PASS=4 WARN=0 ERROR=0 SKIP=0 TOTAL=4/);
    expect(JSON.parse(readFileSync(join(dir, 'target/run_results.json'), 'utf8')).results).toHaveLength(4);
    expect(readFileSync(join(dir, 'target/compiled/shop/models/a.sql'), 'utf8')).toMatch(/"public"."raw"/);
    expect(existsSync(join(dir, 'target/manifest.json'))).toBe(true);
  });

  it('exits with 1 when a node fails, and retries what failed', async () => {
    const url = await testDatabase();
    const dir = writeProject({
      ...files,
      'models/b.sql':
        "{{ config(materialized='table') }} select 1 / (id - {{ var('broken', 5) }}) as x from {{ ref('a') }}",
      'models/c.sql': "select * from {{ ref('b') }}",
    });
    const failed = await sql(dir, url, 'build', '--vars', '{broken: 1}');
    expect(failed.code).toBe(1);
    expect(failed.out).toMatch(/Database Error in model 'b' \(models\/b.sql\)\s+division by zero/);
    process.exitCode = undefined;
    const retried = await sql(dir, url, 'retry', '--vars', '{broken: 9}');
    expect(retried.out).toMatch(/Done. PASS=2 WARN=0 ERROR=0 SKIP=0 TOTAL=2/);
    expect(await rowsOf(url, 'select count(*) from c')).toEqual([[2]]);
  });

  it('retries of a microbatch model the batches that failed, and what was skipped for them', async () => {
    const url = await testDatabase();
    await rowsOf(
      url,
      `create table src (id int, at timestamp, v int); insert into src values (1, '2026-01-01 10:00', 1), (2, '2026-01-02 10:00', 0), (3, '2026-01-03 10:00', 1)`,
    );
    const dir = writeProject({
      'models/events.sql': "{{ config(materialized='view', event_time='at') }} select * from src",
      'models/m.sql': `{{ config(materialized='incremental', incremental_strategy='microbatch', unique_key='id', event_time='at', batch_size='day', begin='2026-01-01') }} select id, at, 1 / v as x, '{{ invocation_id }}' as by from {{ ref('events') }}`,
      'models/n.sql': "select count(distinct by) as invocations, count(*) as rows from {{ ref('m') }}",
    });
    const results = () => {
      const file = JSON.parse(readFileSync(join(dir, 'target/run_results.json'), 'utf8'));
      return file.results.map((each: Record<string, unknown>) => [
        each['unique_id'],
        each['status'],
        each['batch_results'],
      ]);
    };
    const batch = (day: number) => [`2026-01-0${day}T00:00:00.000Z`, `2026-01-0${day + 1}T00:00:00.000Z`];
    expect((await sql(dir, url, 'run', '--full-refresh', '--event-time-end', '2026-01-04')).code).toBe(1);
    expect(results().slice(1)).toEqual([
      ['model.shop.m', 'partial success', { successful: [batch(1), batch(3)], failed: [batch(2)] }],
      ['model.shop.n', 'skipped', null],
    ]);
    expect((await sql(dir, url, 'retry')).code).toBe(1);
    expect(results()[0]).toEqual([
      'model.shop.m',
      'partial success',
      { successful: [batch(1), batch(3)], failed: [batch(2)] },
    ]);
    await rowsOf(url, 'update src set v = 1');
    process.exitCode = undefined;
    const again = await sql(dir, url, 'retry');
    expect(again.out).toMatch(/3 of 3 batches/);
    expect(again.code).toBe(0);
    expect(results()).toEqual([
      ['model.shop.m', 'success', { successful: [batch(1), batch(3), batch(2)], failed: [] }],
      ['model.shop.n', 'success', null],
    ]);
    // The rows of the first run are still those of the first run.
    expect(await rowsOf(url, 'select * from n')).toEqual([[2, 3]]);
  });

  it('lists, shows and compiles to stdout alone', async () => {
    const url = await testDatabase();
    const dir = writeProject(files);
    expect((await sql(dir, url, 'list', '--select', '+b', '--resource-type', 'model')).out).toBe('shop.a\nshop.b\n');
    expect(
      (await sql(dir, url, 'ls', '--select', 'tag:late', '--output', 'json', '--output-keys', 'name tags')).out,
    ).toBe('{"name":"b","tags":["late"]}\n');
    expect((await sql(dir, url, 'list', '--select', 'tag:late', 'bb', '--output', 'name')).out).toMatch(
      /^[\d:]+ {2}The selection criterion "bb" matches no node\. Did you mean "b"\?\nb\n$/,
    );
    expect((await sql(dir, url, 'show', '--inline', "select {{ var('n', 3) }} as n", '-q')).out).toBe(
      '| n |\n| - |\n| 3 |\n',
    );
    expect((await sql(dir, url, 'compile', '--select', 'a', '-q', '--no-write-json')).out).toMatch(
      /^select \* from "test_\w+"."public"."raw"\n$/,
    );
  });

  it('writes the docs, checks the connection, cleans', async () => {
    const url = await testDatabase();
    const dir = writeProject(files);
    await sql(dir, url, 'seed');
    expect((await sql(dir, url, 'docs', 'generate')).out).toMatch(
      /Catalog written: 1 nodes, 0 sources[\s\S]*Column lineage written: 2 nodes\n/,
    );
    const written = (name: string) => JSON.parse(readFileSync(join(dir, 'target', name), 'utf8'));
    expect(written('column_lineage.json').nodes['model.shop.b'].columns.x.inputs).toMatchObject([
      { unique_id: 'model.shop.a', column: 'id', transformation: 'TRANSFORMATION' },
    ]);
    expect(written('manifest.json').nodes['model.shop.a']).toMatchObject({
      compiled: true,
      compiled_path: 'target/compiled/shop/models/a.sql',
    });
    expect((await sql(dir, url, 'show', '--lineage', '-s', 'a', '-q')).out).toBe(
      '| column | from          | its column | how      |\n| ------ | ------------- | ---------- | -------- |\n| id     | seed.shop.raw | id         | IDENTITY |\n',
    );
    expect((await sql(dir, url, 'debug')).out).toMatch(/connection: OK \(PostgreSQL/);
    await sql(dir, url, 'clean');
    expect(existsSync(join(dir, 'target'))).toBe(false);
    addFiles(dir, { 'dbt_project.yml': 'name: shop\nprofile: shop\nclean-targets: [models]\n' });
    await expect(sql(dir, url, 'clean')).rejects.toThrow(/holds sources of the project/);
    // Not 1, which says that a node failed.
    expect(process.exitCode).toBe(2);
  });

  it('installs local packages', async () => {
    const dir = writeProject({
      'packages.yml': 'packages: [{local: lib}]',
      'lib/dbt_project.yml': 'name: lib\nprofile: x\n',
      'lib/macros/m.sql': '{% macro one() %}1{% endmacro %}',
      'models/a.sql': 'select {{ lib.one() }} as id',
    });
    const url = await testDatabase();
    expect((await sql(dir, url, 'deps')).out).toMatch(/Installed lib from lib/);
    expect((await sql(dir, url, 'run')).code).toBe(0);
  });
});
