import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import pg from 'pg';
import { packageRoot } from '../kernel/paths.js';
import { loadProject, openAdapter, runNode } from '../transform/index.js';
import { type Bench, type BenchRow, measureAgainst } from './bench.js';
import { withPostgres } from './postgres.js';
import { benchBank } from './sql-bank.js';
import { shopProject, syntheticProject } from './sql-projects.js';
import { dbtSnapshotStatements, snapshotFiles, snapshotRows } from './sql-snapshot.js';

/** The SQL engine against its goals, in parts that can be asked for alone: `npm run bench -- sql:seed`. */
export const parts: Record<string, Bench> = {
  parse: (say) => inFolder((folder) => benchParse(folder, say)),
  build: (say) => inFolder(async (folder) => [await benchShop(folder, say)]),
  snapshot: (say) => withDatabase(async (folder, url) => [await benchSnapshot(folder, url, say)]),
  seed: (say) =>
    withDatabase(async (folder, url) => [
      await benchSeed(folder, url, say),
      await benchSeed(folder, `duckdb:${join(folder, 'seed.duckdb')}`, say),
    ]),
  overhead: (say) =>
    withDatabase(async (folder, url) => [
      await benchOverhead(folder, url, say),
      await benchOverhead(folder, `duckdb:${join(folder, 'overhead.duckdb')}`, say),
    ]),
  bank: (say) => withPostgres((url) => benchBank(url, say)),
};

export const bench: Bench = async (say) => {
  const rows: BenchRow[] = [];
  for (const part of Object.values(parts)) rows.push(...(await part(say)));
  return rows;
};

async function inFolder<Result>(work: (folder: string) => Promise<Result>): Promise<Result> {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-bench-sql-'));
  try {
    return await work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function withDatabase<Result>(work: (folder: string, url: string) => Promise<Result>): Promise<Result> {
  return inFolder((folder) => withPostgres((url) => work(folder, url)));
}

const nameOf = (url: string) => (url.startsWith('duckdb:') ? 'DuckDB' : 'PostgreSQL');

const parsedModels = 1_000;

/** Whole processes of `millrace sql parse`, started afresh each time. */
async function benchParse(folder: string, say: (line: string) => void): Promise<BenchRow[]> {
  const dir = write(join(folder, 'synthetic'), syntheticProject(parsedModels));
  const parse = (...flags: string[]) =>
    timed(() =>
      millrace(
        'parse',
        '--project-dir',
        dir,
        '--connection-url',
        'postgresql://bench@localhost/bench',
        '--no-write-json',
        '-q',
        ...flags,
      ),
    );
  return [
    await measureAgainst(
      {
        name: `sql parse ${parsedModels} models with tests, cold, whole process`,
        unit: 'ms',
        goal: 1_500,
        better: 'lower',
        measure: () => parse('--no-partial-parse'),
      },
      say,
    ),
    await measureAgainst(
      {
        name: `sql parse ${parsedModels} models with tests, warm, in a process that has it loaded before`,
        unit: 'ms',
        goal: 200,
        better: 'lower',
        measure: () => parseWarm(dir, join(folder, 'cache')),
      },
      say,
    ),
    await measureAgainst(
      {
        name: `sql parse ${parsedModels} models with tests, warm, whole process`,
        unit: 'ms',
        goal: null,
        better: 'lower',
        measure: () => parse(),
        baseline: { name: 'node alone', measure: () => timed(() => spawnSync(process.execPath, ['-e', '0'])) },
      },
      say,
    ),
  ];
}

async function parseWarm(dir: string, cacheFolder: string): Promise<number> {
  const load = () => loadProject({ dir, cacheFolder, connectionUrl: 'postgresql://bench@localhost/bench', env: {} });
  await load();
  const started = performance.now();
  await load();
  return performance.now() - started;
}

/** A project of the shape of jaffle shop (3 seeds, 5 models, 20 tests) built by one process into a new DuckDB file. */
async function benchShop(folder: string, say: (line: string) => void): Promise<BenchRow> {
  const dir = write(join(folder, 'shop'), shopProject());
  const measure = () =>
    timed(() => {
      rmSync(join(folder, 'shop.duckdb'), { force: true });
      millrace(
        'build',
        '--project-dir',
        dir,
        '--connection-url',
        `duckdb:${join(folder, 'shop.duckdb')}`,
        '--threads',
        '4',
        '-q',
      );
    });
  return measureAgainst(
    {
      name: 'sql build of a shop (28 nodes) on DuckDB, whole process',
      unit: 'ms',
      goal: 1_000,
      better: 'lower',
      measure,
    },
    say,
  );
}

/** 1,000,000 keys, 1 % changed: the engine's snapshot node against dbt's own statements, each on a history of its own. */
async function benchSnapshot(folder: string, url: string, say: (line: string) => void): Promise<BenchRow> {
  const dir = write(join(folder, 'snapshot'), snapshotFiles());
  const project = await loadProject({ dir, connectionUrl: url, env: {} });
  const adapter = await openAdapter({ url, threads: 1 });
  const client = new pg.Client(url);
  await client.connect();
  try {
    await client.query(snapshotRows(1_000_000));
    const own = async () => check(await runNode(project, 'snapshot.bench.own', { adapter }));
    await own();
    for (const sql of [
      'create table public.dbts as table public.own',
      'vacuum analyze public.own',
      'vacuum analyze public.dbts',
    ])
      await client.query(sql);
    let round = 0;
    const change = async () => {
      round++;
      await client.query(
        `update src set amount = amount + 1, updated_at = updated_at + interval '1 day' where id % 100 = ${round % 100}`,
      );
    };
    return await measureAgainst(
      {
        name: 'sql snapshot of 1,000,000 rows, 1 % changed (goal: a ratio of 0.5)',
        unit: 'ms',
        goal: null,
        better: 'lower',
        measure: async () => {
          await change();
          return timed(own);
        },
        baseline: {
          name: "dbt's statements",
          measure: () => timed(async () => void (await client.query(dbtSnapshotStatements()))),
        },
      },
      say,
    );
  } finally {
    await client.end();
    await adapter.close();
  }
}

async function benchSeed(folder: string, url: string, say: (line: string) => void): Promise<BenchRow> {
  const lines = Array.from(
    { length: 100_000 },
    (_, index) =>
      `${index},customer ${index},${(index * 1.37).toFixed(2)},2026-01-${String((index % 28) + 1).padStart(2, '0')},${index % 2 === 0}`,
  );
  const dir = write(join(folder, 'seed'), {
    'dbt_project.yml': 'name: bench\nprofile: bench\n',
    'seeds/big.csv': `id,name,amount,day,flag\n${lines.join('\n')}\n`,
  });
  const project = await loadProject({ dir, connectionUrl: url, env: {} });
  const adapter = await openAdapter({ url, threads: 1 });
  try {
    return await measureAgainst(
      {
        name: `sql seed of 100,000 rows, ${nameOf(url)}`,
        unit: 'ms',
        goal: 2_000,
        better: 'lower',
        measure: () =>
          timed(async () => check(await runNode(project, 'seed.bench.big', { adapter, fullRefresh: true }))),
      },
      say,
    );
  } finally {
    await adapter.close();
  }
}

/** Mean over 100 models, on a warm session: the whole of `runNode` less the time that its own build statement takes. */
async function benchOverhead(folder: string, url: string, say: (line: string) => void): Promise<BenchRow> {
  const models = 100;
  const dir = write(join(folder, 'overhead'), {
    'dbt_project.yml': 'name: bench\nprofile: bench\n',
    ...Object.fromEntries(
      Array.from({ length: models }, (_, index) => [
        `models/m${index}.sql`,
        `{{ config(materialized='table') }} select ${index} as id, '{{ target.name }}' as target`,
      ]),
    ),
  });
  const project = await loadProject({ dir, connectionUrl: url, env: {} });
  const adapter = await openAdapter({ url, threads: 1 });
  const measure = async () => {
    let beyond = 0;
    for (let index = 0; index < models; index++) {
      const started = performance.now();
      const result = await runNode(project, `model.bench.m${index}`, { adapter });
      check(result);
      const build = result.statements
        .filter(({ sql }) => /^create\s+table/.test(sql))
        .reduce((sum, { ms }) => sum + ms, 0);
      beyond += performance.now() - started - build;
    }
    return beyond / models;
  };
  try {
    return await measureAgainst(
      {
        name: `sql overhead of a table model beyond its SQL, ${nameOf(url)}`,
        unit: 'ms',
        goal: 5,
        better: 'lower',
        measure,
      },
      say,
    );
  } finally {
    await adapter.close();
  }
}

async function timed(work: () => unknown): Promise<number> {
  const started = performance.now();
  await work();
  return performance.now() - started;
}

function check(result: { status: string; message: string }): void {
  if (result.status !== 'success') throw new Error(result.message);
}

function millrace(...args: string[]): void {
  const { status, stderr, stdout } = spawnSync(
    process.execPath,
    [join(packageRoot, 'dist', 'cli.js'), 'sql', ...args],
    { encoding: 'utf8', env: { ...process.env, MILLRACE_HOME: tmpdir() } },
  );
  if (status !== 0) throw new Error(`millrace sql ${args.join(' ')} ended with ${status}: ${stderr}${stdout}`);
}

function write(dir: string, files: Record<string, string>): string {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(dir, path)), { recursive: true });
    writeFileSync(join(dir, path), text);
  }
  return dir;
}
