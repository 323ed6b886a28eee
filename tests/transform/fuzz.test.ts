import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { MillraceError } from '../../kernel/errors.js';
import { manifestArtifact } from '../../transform/artifacts/manifest.js';
import { loadProject } from '../../transform/index.js';
import { Random } from '../support/random.js';
import { addFiles } from './projects.js';

/**
 * Mutated project files: whatever a file says, the project is read or refused with an error that names what is wrong. `MILLRACE_FUZZ_RUNS` makes it
 * longer, `MILLRACE_FUZZ_SEED` gives other mutations; a failure prints the seed of its run and the text that did it.
 */
const runs = Number(process.env['MILLRACE_FUZZ_RUNS'] ?? 30);
const firstSeed = Number(process.env['MILLRACE_FUZZ_SEED'] ?? 1);

const files: Record<string, string> = {
  'dbt_project.yml': `name: shop
version: "1.0"
profile: shop
model-paths: [models]
vars: {day: 2026-01-01, shop: {n: 3}}
on-run-start: "select {{ var('n') }}"
dispatch: [{macro_namespace: dbt_utils, search_order: [shop, dbt_utils]}]
quoting: {identifier: true}
flags: {store_failures: false}
models:
  +materialized: view
  shop: {+tags: [a, b], staging: {+schema: staging, +enabled: "{{ var('on', true) }}", +meta: {x: 1}}}
seeds: {shop: {raw: {+column_types: {id: bigint}}}}
`,
  'profiles.yml': `shop:
  target: "{{ env_var('T', 'dev') }}"
  outputs:
    dev: {type: postgres, host: h, user: u, password: "{{ env_var('P', 'p') }}", port: 5432, dbname: d, schema: s, threads: 4}
    duck: {type: duckdb, path: x.duckdb, settings: {a: 1}, extensions: [json], attach: [{path: y, alias: z}]}
`,
  'packages.yml':
    'packages:\n  - local: ../nowhere\n  - {git: "https://example.org/x.git", revision: 1.0, subdirectory: y}\n',
  'selectors.yml': `selectors:
  - name: s
    definition:
      union:
        - {method: tag, value: a, children: true, parents_depth: 2}
        - intersection: ["fqn:*", {method: config.materialized, value: view}]
        - exclude: [{method: path, value: models/x}]
`,
  'models/schema.yml': `version: 2
models:
  - name: m
    description: "{{ doc('d') }}"
    config: {materialized: table, contract: {enforced: false}, grants: {select: [a]}, persist_docs: {relation: true}}
    latest_version: 2
    columns:
      - {name: id, data_type: int, quote: true, tags: [k], tests: [unique, not_null: {where: "id > 0"}, accepted_values: {values: [1, 2], quote: false}]}
      - {name: other, constraints: [{type: not_null}], data_tests: [{relationships: {to: ref('n'), field: id}}]}
  - name: v
    versions: [{v: 1, defined_in: v_one}, {v: 2, columns: [{include: all, exclude: [x]}]}]
sources:
  - name: out
    schema: "{{ target.schema }}"
    loaded_at_field: at
    freshness: {warn_after: {count: 1, period: day}}
    tables: [{name: t, identifier: tt, columns: [{name: a, tests: [not_null]}]}]
exposures: [{name: e, type: dashboard, owner: {name: me}, depends_on: [ref('m')]}]
groups: [{name: g, owner: {name: us}}]
unit_tests:
  - {name: u, model: m, given: [{input: ref('n'), rows: [{id: 1}]}], expect: {rows: [{id: 1}]}, overrides: {vars: {n: 2}}}
snapshots: [{name: s, relation: ref('n'), config: {unique_key: id, strategy: check, check_cols: all}}]
macros: [{name: one, arguments: [{name: x, type: int}]}]
`,
  'models/m.sql':
    "{{ config(tags='x') }}{% set a = [1, 2] %}select {{ one(a[0]) }} as id from {{ ref('n') }} {% if is_incremental() %}where id > 1{% endif %}",
  'models/n.sql':
    "select * from {{ source('out', 't') }} where {% for i in range(3) %}{{ i }} = {{ loop.index }}{{ ' and ' if not loop.last }}{% endfor %}",
  'models/v_one.sql': 'select 1 as x',
  'models/v_v2.sql': "select {{ var('n') | int + 1 }} as x",
  'models/d.md': '{% docs d %}Text{% enddocs %}',
  'macros/m.sql':
    "{% macro one(x, y=none) %}{{ return(x ~ kwargs.get('z', '')) }}{% endmacro %}{% test odd(model, column_name) %}select 1{% endtest %}",
  'seeds/raw.csv': 'id\n1\n',
};

/** What a person, an editor or an enemy may put in the place of something. */
const pieces = [
  ...[
    '',
    ' ',
    '\n',
    '\t',
    ':',
    '- ',
    '{',
    '}',
    '[',
    ']',
    '"',
    "'",
    '|',
    '>',
    '&a ',
    '*a',
    '!!python/object ',
    '<<: ',
    '#',
    '%',
    '@',
    ',',
    '?',
  ],
  ...[
    'null',
    'true',
    'off',
    '0',
    '-1',
    '1e999',
    '.nan',
    '2026-01-01',
    '0x1F',
    '__proto__',
    'constructor',
    'toString',
    'name',
    'config',
  ],
  ...[
    '{{',
    '}}',
    '{%',
    '%}',
    '{#',
    '{{ x }}',
    '{{ 1/0 }}',
    "{{ ''.constructor }}",
    '{{ ref("m") }}',
    '{% for i in range(9) %}',
    '{% endfor %}',
  ],
  ...['\u0000', '\uFEFF', '\u2028', '😀', 'é', '\\', '../', '/etc/passwd', '%s', '$(x)'],
];

/** One to four changes: a piece put in, a part taken out, doubled, or moved to another place. */
function mutate(text: string, chance: Random): string {
  let result = text;
  for (let change = chance.int(1, 4); change > 0; change--) {
    const at = chance.int(0, result.length);
    const end = Math.min(result.length, at + chance.int(1, chance.chance(0.2) ? 120 : 12));
    const part = result.slice(at, end);
    const edits = [
      () => result.slice(0, at) + chance.pick(pieces) + result.slice(at),
      () => result.slice(0, at) + chance.pick(pieces) + result.slice(end),
      () => result.slice(0, at) + result.slice(end),
      () => result.slice(0, end) + part + result.slice(end),
      () => {
        const rest = result.slice(0, at) + result.slice(end);
        const to = chance.int(0, rest.length);
        return rest.slice(0, to) + part + rest.slice(to);
      },
      () => {
        const lines = result.split('\n');
        const line = chance.int(0, lines.length - 1);
        lines[line] = ' '.repeat(chance.int(0, 6)) + (lines[line] ?? '').trimStart();
        return lines.join('\n');
      },
    ];
    result = chance.pick(edits)();
  }
  return result;
}

const folder = mkdtempSync(join(tmpdir(), 'millrace-fuzz-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Reads all of a project as commands do; the error that refused it, or undefined. */
async function refusal(dir: string, profiles: boolean): Promise<unknown> {
  try {
    const project = await loadProject({
      dir,
      profilesDir: dir,
      env: {},
      vars: { n: 1 },
      ...(profiles ? {} : { connectionUrl: 'postgresql://u@h/d' }),
    });
    project.select({ select: ['+m+', 'tag:a'] });
    if (project.manifest.selectors.has('s')) project.select({ selector: 's' });
    project.taskGraph({ tests: 'model' });
    JSON.stringify(manifestArtifact(project));
    return undefined;
  } catch (error) {
    return error;
  }
}

describe('a project with mutated files', () => {
  const names = Object.keys(files).filter((name) => name !== 'packages.yml');
  it('is one that can be read before it is mutated', async () => {
    addFiles(join(folder, 'whole'), Object.fromEntries(names.map((name) => [name, files[name] as string])));
    expect(await refusal(join(folder, 'whole'), true)).toBeUndefined();
  });

  it.each([...names, 'packages.yml'])(
    'is read or refused clearly, whatever %s says',
    async (name) => {
      const kinds = { read: 0, refused: 0 };
      for (let run = 0; run < runs; run++) {
        const seed = firstSeed * 1_000_003 + run;
        const text = mutate(files[name] as string, new Random(seed));
        const dir = join(folder, name.replaceAll('/', '_'));
        addFiles(dir, { ...Object.fromEntries(names.map((each) => [each, files[each] as string])), [name]: text });
        const error = await refusal(dir, name === 'profiles.yml');
        if (
          error !== undefined &&
          !(error instanceof MillraceError && error.message !== '' && error.message.length < 5_000)
        )
          throw new Error(`seed ${seed} of ${name}: ${(error as Error).stack}\n--- ${name}\n${text}`);
        expect(Object.keys(Object.prototype), `seed ${seed} of ${name}`).toEqual([]);
        kinds[error === undefined ? 'read' : 'refused']++;
      }
      // Mutations that are all harmless, or all fatal, would prove little.
      if (runs >= 30 && /schema|dbt_project/.test(name)) {
        expect(kinds.read).toBeGreaterThan(0);
        expect(kinds.refused).toBeGreaterThan(0);
      }
    },
    120_000,
  );
});
