import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { testDatabase } from '../support/postgres.js';
import { Bench, warehouses } from '../support/warehouses.js';
import { writeProject } from './projects.js';

/** One event as the log has it; times are plain numbers, which a snapshot takes as well as timestamps. */
interface LogEvent {
  id: number | null;
  v: string | null;
  op: string;
  at: number;
  lsn: number;
  seq: number;
}

type HardDeletes = 'ignore' | 'invalidate' | 'new_record';

const project = (config: string, query = 'select * from log') => ({
  'snapshots/s.sql': `{% snapshot s %}{{ config(strategy='change_log', unique_key='id', updated_at='changed_at', order_by=['lsn', 'seq'], ${config}) }}
${query}{% endsnapshot %}`,
});

const logTable = 'create table log (id int, v varchar, op varchar, changed_at int, lsn bigint, seq int, load_seq int)';

/** What a person would do with the events on paper: put them in order, and go through them key by key. */
function fold(events: LogEvent[], hardDeletes: HardDeletes): unknown[][] {
  const places = new Map(events.map((event) => [`${event.lsn}.${event.seq}.${event.id}`, event]));
  const ordered = [...places.values()].sort((a, b) => a.lsn - b.lsn || a.seq - b.seq);
  const versions: { row: unknown[]; end: LogEvent | null; from: number; to: number | null }[] = [];
  for (const id of new Set(ordered.map((event) => event.id).filter((each) => each !== null))) {
    let open: (typeof versions)[number] | null = null;
    let isDeleted = true;
    let latest = Number.NEGATIVE_INFINITY;
    for (const event of ordered.filter((each) => each.id === id || each.op === 't')) {
      const ends = event.op === 'd' || event.op === 't';
      if (ends && hardDeletes === 'ignore') continue;
      if (ends && isDeleted) continue;
      latest = Math.max(latest, event.at);
      const from = latest;
      if (open) Object.assign(open, { to: from, end: event });
      isDeleted = ends;
      const value: unknown = ends ? open?.row[1] : event.v;
      open = { row: [id, value, event.lsn, event.seq, event.at, ends ? 'True' : 'False'], end: null, from, to: null };
      if (!ends || hardDeletes === 'new_record') versions.push(open);
    }
  }
  return versions
    .map(({ row, end, from, to }) => [...row, from, to, end?.lsn ?? null, end?.seq ?? null])
    .sort((a, b) => Number(a[0]) - Number(b[0]) || Number(a[2]) - Number(b[2]) || Number(a[3]) - Number(b[3]));
}

const versionsSql = (hardDeletes: HardDeletes) =>
  `select id, v, lsn, seq, dbt_updated_at, ${hardDeletes === 'new_record' ? 'dbt_is_deleted' : "'False'"}, dbt_valid_from, dbt_valid_to, dbt_ended_lsn, dbt_ended_seq from s order by id, lsn, seq`;

/** No overlap and no gap but where a key was deleted, one open version a key at most, no version twice. */
const broken = `select count(*) from (
  select *, lead(dbt_valid_from) over w as next_from, lead(lsn) over w as next_lsn, lead(seq) over w as next_seq,
    count(*) over (partition by dbt_scd_id) as copies
  from s window w as (partition by id order by lsn, seq)
) v where copies > 1 or dbt_valid_to < dbt_valid_from or dbt_valid_to > next_from
  or (dbt_valid_to is null) <> (dbt_ended_lsn is null)
  or (next_lsn is not null and dbt_valid_to is null)
  or (next_lsn = dbt_ended_lsn and next_seq = dbt_ended_seq and dbt_valid_to <> next_from)`;

const histories = fc.record({
  events: fc.array(
    fc.record({
      id: fc.integer({ min: 1, max: 3 }),
      v: fc.option(fc.constantFrom('a', 'b', 'c')),
      op: fc.constantFrom('c', 'u', 'u', 'r', 'd', 'd', 't'),
      /** Clocks go backwards now and then. */
      at: fc.integer({ min: -2, max: 6 }),
      /** Whether the event is in the commit of the one before. */
      joins: fc.boolean(),
      /** The run that first sees it: late ones come after their successors. */
      run: fc.integer({ min: 0, max: 3 }),
      /** The runs that see it again. */
      replays: fc.array(fc.integer({ min: 0, max: 3 }), { maxLength: 2 }),
    }),
    { minLength: 1, maxLength: 18 },
  ),
  hardDeletes: fc.constantFrom<HardDeletes>('invalidate', 'invalidate', 'new_record', 'ignore'),
  watermark: fc.boolean(),
  validToCurrent: fc.boolean(),
});

type History = typeof histories extends fc.Arbitrary<infer Value> ? Value : never;
type Sketch = History['events'][number];

const event = (op: Sketch['op'], run: number, at = 0) =>
  ({ id: 1, v: 'a', op, at, joins: false, run, replays: [] }) as Sketch;
/** Found by chance once: a truncate that was read long ago ends a version that comes late, and one before a key's first event does not move it. */
const lateUnderTruncate = [event('c', 2), event('t', 0), event('c', 1)];
const truncateFirst = [event('t', 1, 1), event('c', 0, -1), event('c', 0)];

function events(sketch: { id: number; v: string | null; op: string; at: number; joins: boolean }[]): LogEvent[] {
  let [lsn, seq, now] = [100, 0, 1000];
  return sketch.map(({ id, v, op, at, joins }) => {
    if (joins) seq++;
    else [lsn, seq] = [lsn + 10, 0];
    now += at;
    return { id: op === 't' ? null : id, v: op === 'd' || op === 't' ? null : v, op, at: now, lsn, seq };
  });
}

function insertSql(rows: LogEvent[], load: number): string {
  const text = (value: string | null) => (value === null ? 'null' : `'${value}'`);
  return `insert into log values ${rows
    .map(({ id, v, op, at, lsn, seq }) => `(${id}, ${text(v)}, '${op}', ${at}, ${lsn}, ${seq}, ${load})`)
    .join(', ')}`;
}

describe.each(warehouses)('a snapshot of a change log on %s', (name, makeWarehouse) => {
  it('holds every version after any loads in any order, as one would fold the log on paper', async () => {
    const empty = await Bench.open(writeProject({}), await makeWarehouse());
    await fc.assert(
      fc.asyncProperty(histories, async ({ events: sketch, hardDeletes, watermark, validToCurrent }) => {
        const config = `op='op', hard_deletes='${hardDeletes}'${watermark ? `, watermark='load_seq'` : ''}${validToCurrent ? `, dbt_valid_to_current='999999'` : ''}`;
        const bench = await empty.withProject(writeProject(project(config)));
        await bench.rows('drop table if exists s');
        await bench.rows('drop table if exists log');
        await bench.rows(logTable);
        const all = events(sketch);
        const seen: LogEvent[] = [];
        for (let run = 0; run <= 3; run++) {
          const fresh = all.filter((_, index) => sketch[index]?.run === run);
          const again = all.filter(
            (_, index) => (sketch[index]?.run ?? 9) < run && sketch[index]?.replays.includes(run),
          );
          seen.push(...fresh);
          if (fresh.length + again.length > 0) await bench.rows(insertSql([...fresh, ...again], run));
          const result = await bench.built('s');
          if (run > 0 && fresh.length === 0 && again.length > 0) expect(result.rowsAffected).toBe(0);
          const shown = (await bench.rows(versionsSql(hardDeletes))).map((row) =>
            row.map((value) => (value === 999_999 ? null : value)),
          );
          expect(shown).toEqual(fold(seen, hardDeletes));
          if (!validToCurrent) expect(await bench.rows(broken)).toEqual([[0]]);
        }
      }),
      {
        // Always the same histories, unless more are asked for; a failure prints its seed at once.
        seed: Number(process.env['HISTORY_SEED'] ?? 7),
        numRuns: Number(process.env['HISTORY_RUNS'] ?? 25),
        examples: [lateUnderTruncate, truncateFirst].map((each): [History] => [
          { events: each, hardDeletes: 'invalidate', watermark: true, validToCurrent: false },
        ]),
      },
    );
  }, 240_000);

  it(`keeps its versions when the old end of the log is gone (${name})`, async () => {
    const bench = await Bench.open(writeProject(project(`op='op'`)), await makeWarehouse());
    await bench.rows(logTable);
    const all = events([
      { id: 1, v: 'a', op: 'c', at: 1, joins: false },
      { id: 1, v: 'b', op: 'u', at: 1, joins: false },
      { id: 1, v: null, op: 'd', at: 1, joins: false },
      { id: 2, v: 'x', op: 'c', at: 1, joins: false },
      { id: 1, v: 'c', op: 'c', at: 1, joins: false },
      { id: 2, v: null, op: 't', at: 1, joins: false },
    ]);
    await bench.rows(insertSql(all.slice(0, 4), 1));
    await bench.built('s');
    await bench.rows('delete from log');
    await bench.rows(insertSql(all.slice(4), 2));
    await bench.built('s');
    expect(await bench.rows(versionsSql('invalidate'))).toEqual(fold(all, 'invalidate'));
  });

  it('is written in YAML, over timestamps, and grows with its log', async () => {
    const dir = writeProject({
      'models/s.yml': `
sources: [{name: raw, schema: "{{ target.schema }}", tables: [{name: log}]}]
snapshots:
  - name: s
    relation: source('raw', 'log')
    config:
      strategy: change_log
      unique_key: id
      order_by: lsn
      updated_at: changed_at
      op: op
      delete_ops: [D]
      hard_deletes: new_record
      dbt_valid_to_current: "cast('9999-12-31' as timestamp)"
      snapshot_meta_column_names: {dbt_valid_from: begun, dbt_valid_to: ended, dbt_is_deleted: gone}
`,
    });
    const bench = await Bench.open(dir, await makeWarehouse());
    await bench.rows('create table log (id int, v varchar, op varchar, changed_at timestamp, lsn bigint)');
    await bench.rows(`insert into log values (1, 'a', 'I', '2026-01-01', 10), (1, 'b', 'U', '2026-01-02', 20)`);
    await bench.built('s');
    await bench.rows('alter table log add column extra varchar');
    await bench.rows(
      `insert into log values (1, null, 'D', '2026-01-03', 30, null), (2, 'x', 'I', '2026-01-03', 40, 'y')`,
    );
    await bench.built('s');
    const shown = `select id, v, extra, op, cast(begun as varchar), cast(ended as varchar), gone from s order by lsn`;
    expect(await bench.rows(shown)).toEqual([
      [1, 'a', null, 'I', '2026-01-01 00:00:00', '2026-01-02 00:00:00', 'False'],
      [1, 'b', null, 'U', '2026-01-02 00:00:00', '2026-01-03 00:00:00', 'False'],
      [1, 'b', null, 'D', '2026-01-03 00:00:00', '9999-12-31 00:00:00', 'True'],
      [2, 'x', 'y', 'I', '2026-01-03 00:00:00', '9999-12-31 00:00:00', 'False'],
    ]);
  });

  it('refuses events that have no place in a history, and takes none of their run', async () => {
    const bench = await Bench.open(writeProject(project(`op='op', watermark='load_seq'`)), await makeWarehouse());
    await bench.rows(logTable);
    await bench.rows(`insert into log values (null, 'a', 'c', 1, 1, 1, 1), (1, 'a', 'c', null, 2, 1, 1)`);
    expect(await bench.run('s')).toMatchObject({
      status: 'error',
      message: expect.stringMatching(
        /2 events of the change log cannot be placed: 1 without the key \(id\), 1 without the time of the change \(changed_at\)/,
      ),
    });
    await bench.rows('delete from log');
    await bench.rows(`insert into log values (1, 'a', 'c', 1, 1, 1, 1)`);
    await bench.built('s');
    await bench.rows(
      `insert into log values (1, 'b', 'u', 2, null, 1, 2), (1, 'c', 'u', 2, 3, 1, null), (1, 'd', 'u', 2, 4, 1, 2)`,
    );
    expect((await bench.run('s')).message).toMatch(
      /3 events .*1 without the place in the log \(lsn, seq\), 1 without the watermark \(load_seq\)/,
    );
    expect(await bench.rows('select v from s')).toEqual([['a']]);
  });

  it('reads again only the events of its last load', async () => {
    const bench = await Bench.open(writeProject(project(`op='op', watermark='load_seq'`)), await makeWarehouse());
    await bench.rows(logTable);
    await bench.rows(`insert into log values (1, 'a', 'c', 1, 10, 0, 1), (1, 'b', 'u', 2, 30, 0, 2)`);
    await bench.built('s');
    // What stands below the watermark is not looked at: that is what it is for.
    await bench.rows(`insert into log values (1, 'late', 'u', 2, 20, 0, 1)`);
    expect((await bench.built('s')).message).toBe('no new events');
    await bench.rows(`insert into log values (1, 'c', 'u', 3, 40, 0, 2)`);
    await bench.built('s');
    expect((await bench.rows('select v from s order by lsn')).flat()).toEqual(['a', 'b', 'c']);
  });

  it('runs one after another when it is started twice, from the first run on', async () => {
    const bench = await Bench.open(writeProject(project(`op='op'`)), await makeWarehouse());
    await bench.rows(logTable);
    for (const round of [1, 2]) {
      await bench.rows(`insert into log values (1, 'a', 'c', 1, ${round}, 0, 1), (2, 'b', 'u', 2, ${round}, 1, 2)`);
      const results = await Promise.all([bench.run('s'), bench.run('s'), bench.run('s')]);
      expect(results.map(({ status, message }) => `${status} ${status === 'error' ? message : ''}`)).toEqual(
        Array(3).fill('success '),
      );
    }
    expect(await bench.rows('select id, count(*), count(dbt_valid_to) from s group by id order by id')).toEqual([
      [1, 2, 1],
      [2, 2, 1],
    ]);
  });
});

describe('the config of a change log', () => {
  it.each([
    [`strategy='change_log', updated_at='t'`, /needs "order_by"/],
    [`strategy='change_log', order_by='lsn'`, /needs "updated_at"/],
    [`strategy='change_log', updated_at='t', order_by='lsn', check_cols='all'`, /does not use "check_cols"/],
    [`strategy='change_log', updated_at='t', order_by='lsn', delete_ops=['d']`, /need "op"/],
  ])('says what is wrong with %s', async (config, message) => {
    const files = {
      'snapshots/s.sql': `{% snapshot s %}{{ config(unique_key='id', ${config}) }}select 1 as id, 1 as lsn, 1 as t{% endsnapshot %}`,
    };
    const bench = await Bench.open(writeProject(files), await testDatabase());
    expect((await bench.run('s')).message).toMatch(message);
  });

  it('names the column that the query does not give', async () => {
    const bench = await Bench.open(
      writeProject(project('', 'select 1 as id, 1 as changed_at, 2 as lsn')),
      await testDatabase(),
    );
    const { message } = await bench.run('s');
    expect(message).toMatch(/"order_by" names the column seq, which the query does not give/);
    expect(message).toMatch(/It gives: id, changed_at, lsn/);
  });
});
