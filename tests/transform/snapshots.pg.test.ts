import { describe, expect, it } from 'vitest';
import { Bench, warehouses } from '../support/warehouses.js';
import { addFiles, writeProject } from './projects.js';

type Row = (string | number | null)[];

interface Situation {
  config: string;
  /** What the source holds at each run: SQL that replaces it. */
  runs: string[];
  select: string;
  wanted: Row[];
}

const ts = 'id int, v text, updated_at timestamp';
const timestamp = "unique_key='id', strategy='timestamp', updated_at='updated_at'";
const check = "unique_key='id', strategy='check', check_cols=['v']";
const versions =
  "select id, v, substr(cast(dbt_valid_from as varchar), 9, 2), coalesce(substr(cast(dbt_valid_to as varchar), 9, 2), '-') from s order by id, dbt_valid_from nulls first, v, 4";
/** For strategies whose times are those of the run: only whether a version is open. */
const states = "select id, v, case when dbt_valid_to is null then 'open' else 'closed' end from s order by id, 3, v";
const day = (d: number) => `timestamp '2026-01-${String(d).padStart(2, '0')}'`;
const far = "timestamp '2100-01-01'";

/** The behaviour of dbt's snapshots, row by row: what it does, also where one would wish otherwise. */
const situations: Record<string, Situation> = {
  'closes at the new updated_at and opens there when updated_at is newer': {
    config: timestamp,
    runs: [`(1, 'a', ${day(1)})`, `(1, 'b', ${day(2)})`],
    select: versions,
    wanted: [
      [1, 'a', '01', '02'],
      [1, 'b', '02', '-'],
    ],
  },
  'loses a change whose updated_at stayed the same': {
    config: timestamp,
    runs: [`(1, 'a', ${day(1)})`, `(1, 'b', ${day(1)})`],
    select: versions,
    wanted: [[1, 'a', '01', '-']],
  },
  'ignores an updated_at that goes backwards': {
    config: timestamp,
    runs: [`(1, 'a', ${day(5)})`, `(1, 'b', ${day(4)})`],
    select: versions,
    wanted: [[1, 'a', '05', '-']],
  },
  'ignores a changed row without updated_at': {
    config: timestamp,
    runs: [`(1, 'a', ${day(1)})`, `(1, 'b', null)`],
    select: versions,
    wanted: [[1, 'a', '01', '-']],
  },
  'freezes a row whose first updated_at was NULL': {
    config: timestamp,
    runs: [`(1, 'a', null)`, `(1, 'b', ${day(3)})`],
    select: versions,
    wanted: [[1, 'a', null, '-']],
  },
  'does nothing for a deleted key by default': {
    config: timestamp,
    runs: [`(1, 'a', ${day(1)}), (2, 'x', ${day(1)})`, `(1, 'a', ${day(1)})`],
    select: states,
    wanted: [
      [1, 'a', 'open'],
      [2, 'x', 'open'],
    ],
  },
  'closes a deleted key with invalidate': {
    config: `${timestamp}, hard_deletes='invalidate'`,
    runs: [`(1, 'a', ${day(1)}), (2, 'x', ${day(1)})`, `(1, 'a', ${day(1)})`],
    select: states,
    wanted: [
      [1, 'a', 'open'],
      [2, 'x', 'closed'],
    ],
  },
  'closes before it began when updated_at lies in the future': {
    config: `${timestamp}, invalidate_hard_deletes=true`,
    runs: [`(1, 'a', ${far}), (2, 'x', ${day(1)})`, `(2, 'x', ${day(1)})`],
    select: 'select id, cast(dbt_valid_to < dbt_valid_from as varchar) from s where dbt_valid_to is not null',
    wanted: [[1, 'true']],
  },
  'opens a returned key with the same id and start as before (invalidate)': {
    config: `${timestamp}, hard_deletes='invalidate'`,
    runs: [
      `(1, 'a', ${day(1)}), (2, 'x', ${day(1)})`,
      `(1, 'a', ${day(1)})`,
      `(1, 'a', ${day(1)}), (2, 'x', ${day(1)})`,
    ],
    select:
      'select count(*), count(distinct dbt_scd_id), count(distinct dbt_valid_from), count(*) filter (where dbt_valid_to is null) from s where id = 2',
    wanted: [[2, 1, 1, 1]],
  },
  'records a deletion, and its end before its start when the key returns (new_record)': {
    config: `${timestamp}, hard_deletes='new_record'`,
    runs: [
      `(1, 'a', ${day(1)}), (2, 'x', ${day(1)})`,
      `(1, 'a', ${day(1)})`,
      `(1, 'a', ${day(1)}), (2, 'x', ${day(1)})`,
    ],
    select:
      "select v, dbt_is_deleted, case when dbt_valid_to is null then 'open' when dbt_valid_to < dbt_valid_from then 'backwards' else 'closed' end, substr(cast(dbt_valid_from as varchar), 1, 10) = '2026-01-01' from s where id = 2 order by 2, 3",
    wanted: [
      ['x', 'False', 'closed', true as unknown as string],
      ['x', 'False', 'open', true as unknown as string],
      ['x', 'True', 'backwards', false as unknown as string],
    ],
  },
  'records a deletion once while the key stays away': {
    config: `${timestamp}, hard_deletes='new_record'`,
    runs: [
      `(1, 'a', ${day(1)}), (2, 'x', ${day(1)})`,
      `(1, 'a', ${day(1)})`,
      `(1, 'a', ${day(1)})`,
      `(1, 'a', ${day(1)})`,
    ],
    select: 'select dbt_is_deleted, count(*) from s where id = 2 group by 1 order by 1',
    wanted: [
      ['False', 1],
      ['True', 1],
    ],
  },
  'closes everything when the source is empty (invalidate)': {
    config: `${timestamp}, hard_deletes='invalidate'`,
    runs: [`(1, 'a', ${day(1)}), (2, 'x', ${day(1)})`, '(1, null, null) limit 0'],
    select: states,
    wanted: [
      [1, 'a', 'closed'],
      [2, 'x', 'closed'],
    ],
  },
  'keeps duplicate keys of the first run, then closes the older and doubles the newer': {
    config: timestamp,
    runs: [`(1, 'a', ${day(11)}), (1, 'b', ${day(12)})`, `(1, 'a', ${day(11)}), (1, 'b', ${day(12)})`],
    select: versions,
    wanted: [
      [1, 'a', '11', '12'],
      [1, 'b', '12', '-'],
      [1, 'b', '12', '-'],
    ],
  },
  'opens both of two later versions in one run, then one of them twice': {
    config: timestamp,
    runs: [
      `(1, 'a', ${day(10)})`,
      `(1, 'b', ${day(11)}), (1, 'c', ${day(12)})`,
      `(1, 'b', ${day(11)}), (1, 'c', ${day(12)})`,
    ],
    select: versions,
    wanted: [
      [1, 'a', '10', '12'],
      [1, 'b', '11', '12'],
      [1, 'c', '12', '-'],
      [1, 'c', '12', '-'],
    ],
  },
  'keeps exact duplicates as two identical current rows': {
    config: timestamp,
    runs: [`(1, 'a', ${day(1)}), (1, 'a', ${day(1)})`, `(1, 'a', ${day(1)}), (1, 'a', ${day(1)})`],
    select: 'select count(*), count(distinct dbt_scd_id) from s where dbt_valid_to is null',
    wanted: [[2, 1]],
  },
  'sees NULL become a value and a value NULL, and NULL stay NULL (check)': {
    config: check,
    runs: [
      `(1, null, ${day(1)}), (2, 'x', ${day(1)}), (3, null, ${day(1)})`,
      `(1, 'a', ${day(1)}), (2, null, ${day(1)}), (3, null, ${day(1)})`,
    ],
    select: 'select id, count(*) from s group by 1 order by 1',
    wanted: [
      [1, 2],
      [2, 2],
      [3, 1],
    ],
  },
  'keeps three versions of A, B, A (check)': {
    config: check,
    runs: [`(1, 'A', null)`, `(1, 'B', null)`, `(1, 'A', null)`],
    select: 'select v from s order by dbt_valid_from',
    wanted: [['A'], ['B'], ['A']],
  },
  'takes updated_at as the time of a checked change when it is given': {
    config: `${check}, updated_at='updated_at'`,
    runs: [`(1, 'A', ${day(1)})`, `(1, 'B', ${day(4)})`],
    select: versions,
    wanted: [
      [1, 'A', '01', '04'],
      [1, 'B', '04', '-'],
    ],
  },
  'opens a row without a key anew on every run': {
    config: timestamp,
    runs: [`(null, 'a', ${day(1)})`, `(null, 'a', ${day(1)})`, `(null, 'a', ${day(1)})`],
    select: 'select count(*) from s where dbt_valid_to is null',
    wanted: [[3]],
  },
  'puts a value of its own into the current rows': {
    config: `${timestamp}, dbt_valid_to_current="'9999-12-31'::timestamp"`,
    runs: [`(1, 'a', ${day(1)})`, `(1, 'b', ${day(2)})`],
    select: 'select v, cast(dbt_valid_to as varchar) from s order by dbt_valid_from',
    wanted: [
      ['a', '2026-01-02 00:00:00'],
      ['b', '9999-12-31 00:00:00'],
    ],
  },
  'renames its own columns': {
    config: `${timestamp}, hard_deletes='new_record', snapshot_meta_column_names={'dbt_valid_from': 'begun', 'dbt_valid_to': 'ended', 'dbt_scd_id': 'version_id', 'dbt_updated_at': 'changed', 'dbt_is_deleted': 'gone'}`,
    runs: [`(1, 'a', ${day(1)})`, `(1, 'b', ${day(2)})`],
    select:
      'select v, substr(cast(begun as varchar), 9, 2), substr(cast(ended as varchar), 9, 2), substr(cast(changed as varchar), 9, 2), gone, length(version_id) from s order by begun',
    wanted: [
      ['a', '01', '02', '01', 'False', 32],
      ['b', '02', null, '02', 'False', 32],
    ],
  },
};

describe.each(warehouses)('snapshots, as dbt has them, on %s', (_name, makeWarehouse) => {
  for (const [name, situation] of Object.entries(situations))
    it(name, async () => {
      expect(await play(situation)).toEqual(situation.wanted);
    });

  it('hashes the key and the time as dbt does', async () => {
    const rows = await play({
      config: "unique_key=['id', 'v'], strategy='timestamp', updated_at='updated_at'",
      runs: [`(7, null, ${day(1)})`],
      select: "select dbt_scd_id = md5('7' || '|' || '' || '|' || '2026-01-01 00:00:00') from s",
      wanted: [],
    });
    expect(rows).toEqual([[true]]);
  });

  it.each([
    ["unique_key='id', strategy='check', check_cols='all'", "unique_key='id', strategy='check', check_cols='all'", 2],
    [check, "unique_key='id', strategy='check', check_cols=['v', 'extra']", 2],
    [timestamp, timestamp, 1],
  ])('adds a column that is new in the source (%s, then %s: %i versions)', async (before, after, count) => {
    const bench = await open(snapshotOf(before));
    await replaceSource(bench, ts, `(1, 'a', ${day(1)})`);
    await bench.built('s');
    await replaceSource(bench, `${ts}, extra int`, `(1, 'a', ${day(1)}, null::int)`);
    addFiles(bench.project.dir, snapshotOf(after));
    await (await bench.withProject()).built('s');
    expect(await bench.rows('select count(*), count(extra) from s')).toEqual([[count, 0]]);
  });

  it('keeps a column that the source lost, empty in new versions', async () => {
    const bench = await open(snapshotOf(timestamp));
    await replaceSource(bench, ts, `(1, 'a', ${day(1)}), (2, 'b', ${day(1)})`);
    await bench.built('s');
    await replaceSource(bench, 'id int, updated_at timestamp', `(1, ${day(2)}), (2, ${day(1)})`);
    await bench.built('s');
    expect(await bench.rows(versions)).toEqual([
      [1, 'a', '01', '02'],
      [1, null, '02', '-'],
      [2, 'b', '01', '-'],
    ]);
  });

  it('opens no version because a checked column is gone (all)', async () => {
    const bench = await open(snapshotOf("unique_key='id', strategy='check', check_cols='all'"));
    await replaceSource(bench, 'id int, v text, extra int', `(1, 'a', 5)`);
    await bench.built('s');
    await replaceSource(bench, 'id int, v text', `(1, 'a')`);
    await bench.built('s');
    expect(await bench.rows('select id, v, extra from s')).toEqual([[1, 'a', 5]]);
  });

  it('is never rebuilt by a full refresh', async () => {
    const bench = await open(snapshotOf(timestamp));
    await replaceSource(bench, ts, `(1, 'a', ${day(1)})`);
    await bench.built('s');
    await replaceSource(bench, ts, `(1, 'b', ${day(2)})`);
    await bench.built('s', { fullRefresh: true });
    expect(await bench.rows('select count(*) from s')).toEqual([[2]]);
  });

  it('can be written in YAML over a relation', async () => {
    const bench = await open({
      'models/m.yml': `
sources: [{name: raw, schema: "{{ target.schema }}", tables: [{name: src}]}]
snapshots:
  - name: s
    relation: source('raw', 'src')
    config: {unique_key: id, strategy: timestamp, updated_at: updated_at}
`,
    });
    await replaceSource(bench, ts, `(1, 'a', ${day(1)})`);
    await bench.built('s');
    expect(await bench.rows('select count(*) from s')).toEqual([[1]]);
  });

  it('runs a strategy of the project', async () => {
    const rows = await play(
      {
        config: "unique_key='id', strategy='always'",
        runs: [`(1, 'a', ${day(1)})`, `(1, 'a', ${day(1)})`],
        select: 'select count(*) from s',
        wanted: [],
      },
      {
        'macros/always.sql': `{% macro snapshot_always_strategy(node, snapshotted_rel, current_rel, model_config, target_exists) %}
  {% do return({'unique_key': 'id', 'updated_at': 'now()::timestamp', 'row_changed': snapshotted_rel ~ '.id = ' ~ current_rel ~ '.id', 'scd_id': "md5(id::text)"}) %}
{% endmacro %}`,
      },
    );
    expect(rows).toEqual([[2]]);
  });

  it('says what is there when its name is taken by a view', async () => {
    const bench = await open(snapshotOf(timestamp));
    await replaceSource(bench, ts, `(1, 'a', ${day(1)})`);
    await bench.rows('create view s as select 1 as id');
    expect(await bench.run('s')).toMatchObject({
      status: 'error',
      message: expect.stringMatching(/is a view: a snapshot needs a table of its own/),
    });
  });

  async function open(files: Record<string, string>): Promise<Bench> {
    return Bench.open(writeProject(files), await makeWarehouse());
  }

  async function play(situation: Situation, files: Record<string, string> = {}): Promise<unknown[][]> {
    const bench = await open({ ...snapshotOf(situation.config), ...files });
    for (const values of situation.runs) {
      await replaceSource(bench, ts, values);
      await bench.built('s');
    }
    return bench.rows(situation.select);
  }
});

function snapshotOf(config: string): Record<string, string> {
  return {
    'snapshots/s.sql': `{% snapshot s %}\n{{ config(${config}) }}\nselect * from src\n{% endsnapshot %}`,
  };
}

async function replaceSource(bench: Bench, columns: string, values: string): Promise<void> {
  const names = columns.split(', ').map((column) => column.split(' ')[0]);
  const casts = columns.split(', ').map((column) => `${column.split(' ')[0]}::${column.split(' ')[1]}`);
  const [rows, limit = ''] = values.split(' limit');
  await bench.rows('drop table if exists src');
  await bench.rows(`create table src (${columns})`);
  await bench.rows(
    `insert into src select ${casts.join(', ')} from (values ${rows}) v (${names.join(', ')})${limit && ` limit${limit}`}`,
  );
}
