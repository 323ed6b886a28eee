import { beforeAll, describe, expect, it } from 'vitest';
import { type ColumnLineage, type KnownColumns, openLineage } from '../../transform/lineage/column-lineage.js';

let read: (sql: string, known: KnownColumns) => ColumnLineage;
beforeAll(async () => {
  read = await openLineage();
});

const tables: Record<string, string[]> = {
  'db.s.a': ['id', 'x', 'y'],
  a: ['id', 'x', 'y'],
  b: ['id', 'z'],
  c: ['id', 'w'],
};
const known: KnownColumns = (relation) => tables[relation];

/** `out: relation.column!how`, IDENTITY left out. */
function shown({ columns }: ColumnLineage): string {
  return columns
    .map(({ name, inputs }) => {
      const from = inputs.map(
        ({ relation, column, transformation }) =>
          `${relation}.${column}${transformation === 'IDENTITY' ? '' : `!${transformation[0]}`}`,
      );
      return `${name}: ${from.sort().join(' ')}`.trim();
    })
    .join('; ');
}

describe('the lineage of columns', () => {
  const shapes: [string, string][] = [
    // Select lists
    ['select x, y as why from a', 'x: a.x; why: a.y'],
    ['select * from a', 'id: a.id; x: a.x; y: a.y'],
    ['select * from "db"."s"."a"', 'id: db.s.a.id; x: db.s.a.x; y: db.s.a.y'],
    ['select t.*, 1 as one from a t', 'id: a.id; x: a.x; y: a.y; one:'],
    ['select x + y as sum, upper(x) from a', 'sum: a.x!T a.y!T; upper: a.x!T'],
    [
      "select x::text, cast(y as date), '1'::int, x || '-' || y from a",
      'x: a.x!T; y: a.y!T; int4:; ?column?: a.x!T a.y!T',
    ],
    ['select count(*), sum(x) as s, min(x) filter (where y > 0) as m from a', 'count:; s: a.x!A; m: a.x!A a.y!C'],
    ['select case when x > 0 then y else id end as k from a', 'k: a.id!T a.x!C a.y!T'],
    [
      'select coalesce(x, y), greatest(x, y), nullif(x, 0), current_date from a',
      'coalesce: a.x!T a.y!T; greatest: a.x!T a.y!T; nullif: a.x!T; current_date:',
    ],
    [
      'select row_number() over (partition by x order by y desc) as n, sum(id) over w as s from a window w as (order by y)',
      'n: a.x!W a.y!W; s: a.id!T a.y!W',
    ],
    ["select x -> 'k' ->> 'v' as v, (y).part as p from a", 'v: a.x!T; p: a.y!T'],
    ['select distinct on (x) id, x from a order by x, y', 'id: a.id; x: a.x'],
    ['select array[x, y] as xy, (select 1) as one from a', 'xy: a.x!T a.y!T; one:'],
    // Joins
    ['select a.x, b.z from a join b on a.id = b.id', 'x: a.x; z: b.z'],
    ['select x, z from a, b where a.id = b.id', 'x: a.x; z: b.z'],
    ['select * from a join b using (id)', 'id: a.id; x: a.x; y: a.y; z: b.z'],
    ['select * from a right join b using (id)', 'id: b.id; x: a.x; y: a.y; z: b.z'],
    ['select id from a full join b using (id)', 'id: a.id b.id!T'],
    ['select * from a natural left join b', 'id: a.id; x: a.x; y: a.y; z: b.z'],
    ['select * from a join b using (id) join c using (id)', 'id: a.id; x: a.x; y: a.y; z: b.z; w: c.w'],
    ['select p.x, q.x as x2 from a p join a q on p.id = q.y', 'x: a.x; x2: a.x'],
    ['select b.*, a.x from (a cross join b)', 'id: b.id; z: b.z; x: a.x'],
    // CTEs and subqueries
    ['with t as (select x, y + 1 as y from a) select y, x from t', 'y: a.y!T; x: a.x'],
    ['with t(one, two) as (select x, y from a), u as (select two, one from t) select * from u', 'two: a.y; one: a.x'],
    ['with a as (select z as x from b) select x from a', 'x: b.z'],
    ['select s.total from (select sum(x) as total from a group by y) s', 'total: a.x!A'],
    ['select total * 2 as t from (select sum(x) as total from a) s', 't: a.x!A'],
    ['select q.n from (select x from a) as q(n)', 'n: a.x'],
    ['with t as (with u as (select x from a) select * from u) select * from t', 'x: a.x'],
    ['select (select max(z) from b where b.id = a.id) as latest, x from a', 'latest: a.id!F b.id!F b.z!A; x: a.x'],
    [
      'select x in (select z from b) as is_in, exists (select 1 from b where b.id = a.id) as has from a',
      'is_in: a.x!T b.z!T; has: a.id!F b.id!F',
    ],
    [
      'with recursive t(id, up) as (select id, x from a union all select a.id, t.up from a join t on a.y = t.id) select id, up from t',
      'id: a.id; up: a.x',
    ],
    // Unions and values
    ['select x from a union all select z from b', 'x: a.x b.z'],
    ['select x, 1 as k from a union select z, id from b order by 1', 'x: a.x b.z; k: b.id'],
    ['select x from a except select z from b', 'x: a.x b.z!F'],
    ['values (1, 2)', 'column1:; column2:'],
    ["select v.name, x from a join (values (1, 'p')) as v(id, name) using (id)", 'name:; x: a.x'],
    // Functions and laterals
    ['select g.n, x from a, generate_series(1, a.y) as g(n)', 'n: a.y!T; x: a.x'],
    ['select r.p from a, jsonb_to_record(a.x) as r(p int, q text)', 'p: a.x!T'],
    ['select e.value from a cross join lateral jsonb_array_elements(a.x) as e(value)', 'value: a.x!T'],
    ['select l.z from a left join lateral (select z from b where b.id = a.id limit 1) l on true', 'z: b.z'],
    ['select unnest(x) as item from a', 'item: a.x!T'],
    // Relations that nobody knows
    ['select t.p, q from unknown t', 'p: unknown.p; q: unknown.q'],
    ['with s as (select * from unknown) select p from s', 'p: unknown.p'],
    ['select a.x, u.p from a join unknown u on u.id = a.id', 'x: a.x; p: unknown.p'],
    ['select x, p from a join unknown u on u.id = a.id', 'x: a.x; p: unknown.p'],
    ['with s as (select u.*, x from unknown u join a using (id)) select p, x from s', 'p: unknown.p; x: a.x'],
    ["select id from read_csv('x.csv')", 'id: read_csv.id'],
    // Names
    ['select "X y", x as "Big" from unknown', 'X y: unknown.X y; Big: unknown.x'],
    ['select a from a', 'a: a.id!T a.x!T a.y!T'],
    ['select s.a.x from s.a', 'x: s.a.x'],
  ];
  for (const [sql, wanted] of shapes)
    it(`reads ${sql}`, () => {
      const lineage = read(sql, known);
      expect(shown(lineage)).toBe(wanted);
      expect(lineage.gaps).toEqual([]);
    });

  it('knows what decides which rows there are', () => {
    const { influences } = read(
      `with t as (select x, count(*) as n from a where y > 0 group by 1 having count(id) > 1)
       select t.x from t join b on b.id = t.x order by z`,
      known,
    );
    expect(
      influences.map(({ relation, column, transformation }) => `${relation}.${column} ${transformation}`).sort(),
    ).toEqual(['a.id FILTER', 'a.x JOIN', 'a.y FILTER', 'b.id JOIN', 'b.z SORT']);
  });

  const gaps: [string, RegExp][] = [
    ['select * from unknown', /^select \* of unknown, whose columns are not known$/],
    ['select p from unknown, others', /column p may come from unknown or others/],
    ['select id from a, b', /column id may come from several relations/],
    ['select nothing from a', /there is no column nothing/],
    ['select b.x from a', /there is no column b.x/],
    ['select x from a union all select * from unknown', /a union cannot be followed/],
    ['select * from a natural join unknown', /natural join cannot be followed/],
    ['select * exclude (x) from a', /parser cannot read it: syntax error/],
    ['delete from a', /no single SELECT/],
    ['select 1; select 2', /no single SELECT: 2 statements/],
    ['', /parser cannot read it: Query cannot be empty/],
  ];
  for (const [sql, wanted] of gaps)
    it(`says what it cannot follow in ${sql}`, () => {
      expect(read(sql, known).gaps.join()).toMatch(wanted);
    });
});
