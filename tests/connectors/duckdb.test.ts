import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { type Duckdb, openDuckdb } from '../../connectors/duckdb.js';
import { openDuckdbEngine } from '../../connectors/duckdb-engine.js';
import { duckdbSocket } from '../../connectors/duckdb-socket.js';
import { systemClock } from '../../kernel/time.js';

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millrace-duckdb-'));
});

afterAll(() => rm(folder, { recursive: true, force: true }));

let files = 0;
const newFile = () => join(folder, `db-${++files}.duckdb`);

async function open(location: string): Promise<Duckdb> {
  const database = await openDuckdb(location, { hostIdleMs: 200 });
  onTestFinished(() => database.close());
  return database;
}

describe.each([
  ['in this process', () => ':memory:'],
  ['through the host of a file', newFile],
])('a DuckDB database %s', (_name, location) => {
  it('gives values as numbers, booleans and text', async () => {
    const session = await (await open(location())).session();
    const { columns, rows } = await session.query(
      `select 1 as i, 9007199254740993::bigint as big, 1.50::decimal(10,2) as exact, 0.5::double as float, true as yes,
       null as nothing, timestamp '2024-01-02 03:04:05.678' as at, date '2024-01-02' as day, [1, 2] as list, {'a': 1} as struct, 'é"' as text`,
    );
    expect(columns.slice(0, 4)).toEqual([
      { name: 'i', type: 'INTEGER' },
      { name: 'big', type: 'BIGINT' },
      { name: 'exact', type: 'DECIMAL(10,2)' },
      { name: 'float', type: 'DOUBLE' },
    ]);
    expect(rows).toEqual([
      [
        1,
        '9007199254740993',
        '1.50',
        0.5,
        true,
        null,
        '2024-01-02 03:04:05.678',
        '2024-01-02',
        '[1, 2]',
        "{'a': 1}",
        'é"',
      ],
    ]);
  });

  it.each([
    ['create table t2 as select * from range(3)', 3],
    ['insert into t values (3), (4)', 2],
    ['update t set a = 9 where a > 1', 1],
    ['delete from t', 2],
    ['select * from range(7)', 7],
    ['create view v as select 1', null],
    ['begin; commit', null],
  ])('counts the rows of %s', async (sql, expected) => {
    const session = await (await open(location())).session();
    await session.query('create table t(a integer); insert into t values (1), (2)');
    expect((await session.query(sql)).rowsAffected).toBe(expected);
  });

  it('runs the statements of a text in order and gives the result of the last', async () => {
    const session = await (await open(location())).session();
    const { rows } = await session.query('create table t(a integer); insert into t values (1); select a + 1 from t');
    expect(rows).toEqual([[2]]);
  });

  it('says what DuckDB says of a wrong statement, and goes on', async () => {
    const session = await (await open(location())).session();
    await expect(session.query('select * from nowhere')).rejects.toThrow(/Table with name nowhere does not exist/);
    await expect(session.query('selec 1')).rejects.toThrow(/^Parser Error: syntax error/);
    expect((await session.query('select 1')).rows).toEqual([[1]]);
  });

  it('keeps transactions of sessions apart', async () => {
    const database = await open(location());
    const [one, two] = await Promise.all([database.session(), database.session()]);
    await one.query('create table t(a integer); begin; insert into t values (1)');
    expect((await two.query('select count(*) from t')).rows).toEqual([[0]]);
    await one.query('commit');
    expect((await two.query('select count(*) from t')).rows).toEqual([[1]]);
  });

  it('rolls back what a session leaves open', async () => {
    const database = await open(location());
    const [one, two] = await Promise.all([database.session(), database.session()]);
    await one.query('create table t(a integer); begin; insert into t values (1)');
    await one.close();
    expect((await two.query('select count(*) from t')).rows).toEqual([[0]]);
  });

  it('stops a statement that is interrupted, and the session lives on', async () => {
    const session = await (await open(location())).session();
    await session.query('select 1');
    const long = session.query('select count(*) from range(1000000000) a, range(1000000) b');
    let stopped: unknown;
    long.catch((error: unknown) => {
      stopped = error;
    });
    // The statement may not have begun when the first interruption comes.
    await vi.waitFor(() => {
      session.interrupt();
      expect(String(stopped)).toMatch(/interrupt/i);
    });
    expect((await session.query('select 2')).rows).toEqual([[2]]);
  });

  it('carries large results whole', async () => {
    const session = await (await open(location())).session();
    const { rows } = await session.query("select range, repeat('x', 100) from range(20500)");
    expect(rows.length).toBe(20_500);
    expect(rows.at(-1)).toEqual([20_499, 'x'.repeat(100)]);
  });
});

describe('the host of a DuckDB file', () => {
  it('is one, however many clients start at the same time', async () => {
    const file = newFile();
    const databases = await Promise.all(Array.from({ length: 6 }, () => open(file)));
    const sessions = await Promise.all(databases.map((database) => database.session()));
    await sessions[0]?.query('create table t(a integer)');
    await Promise.all(sessions.map((session, index) => session.query(`insert into t values (${index})`)));
    expect((await sessions[3]?.query('select count(*) from t'))?.rows).toEqual([[6]]);
  });

  it('is shared by other processes', async () => {
    const file = newFile();
    const session = await (await open(file)).session();
    await session.query('create table t as select 42 as a');
    const { socket } = await duckdbSocket(file);
    const script = `
      const client = require('node:net').connect(process.argv[1]);
      client.write('{"id":1,"sql":"select a from t"}\\n');
      let text = '';
      client.setEncoding('utf8').on('data', (chunk) => {
        text += chunk;
        if (text.includes('"result"')) client.end();
      });
      client.on('close', () => console.log(JSON.stringify(JSON.parse(text.trim().split('\\n')[0]).rows)));`;
    const { stdout } = await promisify(execFile)(process.execPath, ['-e', script, socket]);
    expect(stdout.trim()).toBe('[[42]]');
  });

  it('ends when nobody needs it, and lets go of the file', async () => {
    const file = newFile();
    const database = await openDuckdb(file, { hostIdleMs: 100 });
    const session = await database.session();
    await session.query('create table t as select 1 as a');
    await database.close();
    const engine = await vi.waitFor(() => openDuckdbEngine(file), { timeout: 10_000 });
    expect((await (await engine.session()).query('select a from t')).rows).toEqual([[1]]);
    engine.close();
  });

  it('is replaced after it was killed, with what was committed', async () => {
    const file = newFile();
    const database = await open(file);
    const session = await database.session();
    await session.query('create table t as select 1 as a');
    const { socket } = await duckdbSocket(file);
    const { stdout } = await promisify(execFile)('pgrep', ['-f', socket]);
    const lost = expect(
      session.query('select count(*) from range(1000000000) a, range(1000000) b'),
    ).rejects.toMatchObject({ code: 'DUCKDB_UNAVAILABLE' });
    process.kill(Number(stdout.trim()), 'SIGKILL');
    await lost;
    const next = await database.session();
    expect((await next.query('select a from t')).rows).toEqual([[1]]);
  });

  it('makes way when its file was deleted', async () => {
    const file = newFile();
    const database = await openDuckdb(file, { hostIdleMs: 60_000 });
    onTestFinished(() => database.close());
    const old = await database.session();
    await old.query('create table t as select 1 as a');
    await rm(file);
    const next = await (await open(file)).session();
    await expect(next.query('select a from t')).rejects.toThrow(/t does not exist/);
    expect((await old.query('select a from t')).rows).toEqual([[1]]);
  });

  it('waits for a file that another is just making', async () => {
    const file = newFile();
    await writeFile(file, 'DUCK');
    const clock = {
      ...systemClock,
      // The other one has finished by the time that this one looks again.
      after: (_delayMs: number, callback: () => void) => {
        void rm(file).then(callback);
        return () => undefined;
      },
    };
    const database = await openDuckdb(file, { clock, hostIdleMs: 200 });
    onTestFinished(() => database.close());
    expect((await (await database.session()).query('select 1')).rows).toEqual([[1]]);
  });

  it('says why a file cannot be opened', async () => {
    const taken = newFile();
    const engine = await openDuckdbEngine(taken);
    onTestFinished(() => engine.close());
    const database = await openDuckdb(join(folder, 'nowhere', 'x.duckdb')).catch((error: unknown) => error);
    expect(database).toMatchObject({ code: 'DUCKDB_UNAVAILABLE' });
    const foreign = await open(import.meta.filename);
    await expect(foreign.session()).rejects.toMatchObject({ code: 'DUCKDB_UNAVAILABLE' });
  });
});
