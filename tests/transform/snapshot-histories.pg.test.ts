import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Bench, warehouses } from '../support/warehouses.js';
import { writeProject } from './projects.js';

/** A row of the source; `w` is a column that the source gets later. */
interface SourceRow {
  id: number;
  v: string | null;
  w: string | null;
  changed: number | null;
}

interface Settings {
  strategy: 'timestamp' | 'check all' | 'check v' | 'check v with updated_at';
  hardDeletes: 'ignore' | 'invalidate' | 'new_record';
  validToCurrent: boolean;
  renames: boolean;
}

interface Version extends SourceRow {
  updatedAt: number | null;
  from: number | null;
  to: number | null;
  isDeleted: boolean;
}

/** dbt's snapshots as its documentation tells them, row by row. */
class Reference {
  readonly versions: Version[] = [];
  readonly #settings: Settings;
  #hasW = false;
  #isFirst = true;

  constructor(settings: Settings) {
    this.#settings = settings;
  }

  run(source: SourceRow[], hasW: boolean, now: number): void {
    const { strategy, hardDeletes, validToCurrent } = this.#settings;
    const open = validToCurrent ? farAway : null;
    const current = this.versions.filter((version) => version.to === null || version.to === open);
    const grown = strategy === 'check all' && hasW && !this.#hasW && !this.#isFirst;
    const opened: Version[] = [];
    for (const row of source) {
      const at = strategy === 'timestamp' || strategy === 'check v with updated_at' ? row.changed : now;
      const fresh = { ...row, updatedAt: at, from: at, to: open, isDeleted: false };
      // A version that was closed at no time is still open: then there are two, and each is compared.
      const known = current.filter((version) => version.id === row.id);
      if (known.length === 0) opened.push(fresh);
      for (const old of known.filter((each) => grown || this.#differs(each, row) || each.isDeleted)) {
        old.to = at;
        opened.push({ ...fresh });
      }
    }
    for (const version of current.filter(({ id }) => !source.some((row) => row.id === id))) {
      if (hardDeletes === 'ignore' || (hardDeletes === 'new_record' && version.isDeleted)) continue;
      version.to = now;
      if (hardDeletes === 'new_record')
        opened.push({ ...version, updatedAt: now, from: now, to: open, isDeleted: true });
    }
    this.versions.push(...opened);
    this.#hasW ||= hasW;
    this.#isFirst = false;
  }

  #differs(old: Version, row: SourceRow): boolean {
    const { strategy } = this.#settings;
    if (strategy === 'timestamp') return old.from !== null && row.changed !== null && old.from < row.changed;
    if (strategy === 'check all')
      return old.v !== row.v || old.changed !== row.changed || (this.#hasW && old.w !== row.w);
    return old.v !== row.v;
  }
}

const meta = {
  from: 'dbt_valid_from',
  to: 'dbt_valid_to',
  scd: 'dbt_scd_id',
  at: 'dbt_updated_at',
  gone: 'dbt_is_deleted',
};
const renamed = { from: 'begun', to: 'ended', scd: 'version_id', at: 'changed_at', gone: 'gone' };
const farAway = 999_999;

function files({ strategy, hardDeletes, validToCurrent, renames }: Settings): Record<string, string> {
  const names = Object.entries(meta).map(([key, name]) => `'${name}': '${renamed[key as keyof typeof meta]}'`);
  const config = [
    strategy === 'timestamp'
      ? "strategy='timestamp', updated_at='changed'"
      : `strategy='check', check_cols=${strategy === 'check all' ? "'all'" : "['v']"}`,
    ...(strategy.endsWith('updated_at') ? ["updated_at='changed'"] : []),
    `hard_deletes='${hardDeletes}'`,
    ...(validToCurrent ? [`dbt_valid_to_current='${farAway}'`] : []),
    ...(renames ? [`snapshot_meta_column_names={${names.join(', ')}}`] : []),
  ].join(', ');
  return {
    'snapshots/s.sql': `{% snapshot s %}{{ config(unique_key='id', ${config}) }}select * from src{% endsnapshot %}`,
    // Times are those of the test: a plain number, which a snapshot takes as well as a timestamp.
    'macros/time.sql': '{% macro snapshot_get_time() %}(select now_is from clock){% endmacro %}',
  };
}

const step = fc.record({
  id: fc.integer({ min: 1, max: 2 }),
  kind: fc.constantFrom('put', 'put', 'delete'),
  v: fc.constantFrom('a', 'b', null),
  w: fc.constantFrom('x', null),
  changed: fc.constantFrom('later', 'later', 'later', 'same', 'same', 'earlier', 'none'),
});
type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never;

const histories = fc.record({
  runs: fc.array(fc.array(step, { maxLength: 3 }), { minLength: 3, maxLength: 6 }),
  /** The run from which on the source has the column `w`. */
  grows: fc.integer({ min: 0, max: 5 }),
  settings: fc.record<Settings>({
    strategy: fc.constantFrom('timestamp', 'timestamp', 'check all', 'check v', 'check v with updated_at'),
    hardDeletes: fc.constantFrom('ignore', 'invalidate', 'new_record'),
    validToCurrent: fc.boolean(),
    renames: fc.boolean(),
  }),
});

function change(source: Map<number, SourceRow>, each: Step, now: number): void {
  if (each.kind === 'delete') source.delete(each.id);
  else {
    const before = source.get(each.id)?.changed ?? now;
    const times = { later: now, same: before, earlier: before - 5, none: null };
    source.set(each.id, { id: each.id, v: each.v, w: each.w, changed: times[each.changed] });
  }
}

describe.each(warehouses)('snapshots on %s', (_name, makeWarehouse) => {
  it('keep the versions that dbt keeps, whatever happens to the source', async () => {
    const empty = await Bench.open(writeProject({}), await makeWarehouse());
    await empty.rows('create table clock (now_is int)');
    await fc.assert(
      fc.asyncProperty(histories, async ({ runs, grows, settings }) => {
        const bench = await empty.withProject(writeProject(files(settings)));
        const reference = new Reference(settings);
        const source = new Map<number, SourceRow>();
        await bench.rows('drop table if exists s');
        for (const [index, steps] of runs.entries()) {
          const now = 100 * (index + 1);
          for (const each of steps) change(source, each, now - 50);
          const hasW = index >= grows;
          const rows = [...source.values()].map((row) => ({ ...row, w: hasW ? row.w : null }));
          await bench.rows(`delete from clock; insert into clock values (${now})`);
          await writeSource(bench, rows, hasW);
          await bench.built('s');
          reference.run(rows, hasW, now);
          expect(await versionsOf(bench, settings, reference.versions.length > 0 && (hasW || index > grows))).toEqual(
            sorted(
              reference.versions.map(({ id, v, w, updatedAt, from, to, isDeleted }) => [
                id,
                v,
                w,
                updatedAt,
                from,
                to,
                isDeleted,
              ]),
            ),
          );
        }
      }),
      {
        // Always the same histories, unless more are asked for; a failure prints its seed at once.
        seed: Number(process.env['HISTORY_SEED'] ?? 11),
        numRuns: Number(process.env['HISTORY_RUNS'] ?? 60),
      },
    );
  }, 240_000);
});

async function writeSource(bench: Bench, rows: SourceRow[], hasW: boolean): Promise<void> {
  const text = (value: string | number | null) =>
    value === null ? 'null' : typeof value === 'number' ? String(value) : `'${value}'`;
  await bench.rows('drop table if exists src');
  await bench.rows(`create table src (id int, v varchar, changed int${hasW ? ', w varchar' : ''})`);
  if (rows.length === 0) return;
  const values = rows.map(
    ({ id, v, w, changed }) => `(${[id, v, changed, ...(hasW ? [w] : [])].map(text).join(', ')})`,
  );
  await bench.rows(`insert into src values ${values.join(', ')}`);
}

async function versionsOf(bench: Bench, settings: Settings, hasW: boolean): Promise<unknown[][]> {
  const { from, to, scd, at, gone } = settings.renames ? renamed : meta;
  const isDeleted = settings.hardDeletes === 'new_record' ? `${gone} = 'True'` : 'false';
  const rows = await bench.rows(
    `select id, v, ${hasW ? 'w' : 'null'}, ${at}, ${from}, ${to}, ${isDeleted}, length(${scd}) from s`,
  );
  for (const row of rows) expect(row.at(-1)).toBe(32);
  return sorted(rows.map((row) => row.slice(0, 7)));
}

function sorted(rows: unknown[][]): unknown[][] {
  return rows
    .map((row) => JSON.stringify(row))
    .sort()
    .map((row) => JSON.parse(row) as unknown[]);
}
