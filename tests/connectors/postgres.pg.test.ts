import { Readable } from 'node:stream';
import { expect, it, onTestFinished } from 'vitest';
import { openPostgres, type PostgresOptions } from '../../connectors/postgres.js';
import { testDatabase } from '../support/postgres.js';

async function testPostgres(options?: PostgresOptions) {
  const url = await testDatabase();
  const postgres = openPostgres(url, options);
  onTestFinished(() => postgres.end());
  return postgres;
}

it('reads values without losing a digit', async () => {
  const postgres = await testPostgres();
  const { rows } = await postgres.query(
    `select 1234567890123456789.123456789::numeric as numeric, '2026-01-02T03:04:05.678901+02'::timestamptz as instant,
            date '2026-01-02' as date, 9007199254740991::bigint as safe, 9007199254740993::bigint as unsafe,
            '{"a":1}'::jsonb as json, null as nothing`,
  );
  expect(rows).toEqual([
    {
      numeric: '1234567890123456789.123456789',
      instant: '2026-01-02 01:04:05.678901+00',
      date: '2026-01-02',
      safe: 9007199254740991,
      unsafe: '9007199254740993',
      json: { a: 1 },
      nothing: null,
    },
  ]);
});

it('keeps a transaction whole', async () => {
  const postgres = await testPostgres();
  await postgres.query('create table t (a int primary key)');
  await postgres.transaction((session) => session.query('insert into t values (1)'));
  await expect(
    postgres.transaction(async (session) => {
      await session.query('insert into t values (2)');
      await session.query('insert into t values (1)');
    }),
  ).rejects.toMatchObject({ code: '23505' });
  expect((await postgres.query('select a from t')).rows).toEqual([{ a: 1 }]);
});

it('copies from a stream, and nothing when the stream or the server fails', async () => {
  const postgres = await testPostgres({ max: 1 });
  await postgres.query('create table t (a int)');
  expect(await postgres.copyFrom('t (a)', Readable.from([Buffer.from('1\n2\n'), Buffer.from('3\n')]))).toBe(3);
  const broken = Readable.from(
    (async function* () {
      yield Buffer.from('4\n');
      throw new Error('the source broke');
    })(),
  );
  await expect(postgres.copyFrom('t (a)', broken)).rejects.toThrow('the source broke');
  await expect(postgres.copyFrom('t (a)', Readable.from([Buffer.from('5\nx\n')]))).rejects.toMatchObject({
    code: '22P02',
  });
  expect((await postgres.query('select count(*) from t')).rows).toEqual([{ count: 3 }]);
});

it('says whom it cannot reach, without the password', async () => {
  const postgres = openPostgres('postgresql://someone:topsecret@127.0.0.1:1/bank', { connectTimeoutMs: 2000 });
  const failure = await postgres.query('select 1').catch((error) => error);
  expect(failure).toMatchObject({ code: 'POSTGRES_UNREACHABLE' });
  expect(failure.message).toContain('someone@127.0.0.1:1/bank');
  expect(JSON.stringify(failure) + failure.message + failure.stack).not.toContain('topsecret');
  await postgres.end();
});

it('survives that the server ends its connections', async () => {
  const postgres = await testPostgres({ max: 2 });
  const ended = postgres.query('select pg_terminate_backend(pg_backend_pid())');
  await expect(ended).rejects.toThrow();
  expect((await postgres.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
});

it('ends a running statement when the signal aborts', async () => {
  const abort = new AbortController();
  const url = await testDatabase();
  const postgres = openPostgres(url, { signal: abort.signal });
  onTestFinished(() => postgres.end());
  await postgres.query('select 1');
  const running = postgres.query('select pg_sleep(60)');
  const other = openPostgres(url);
  onTestFinished(() => other.end());
  for (;;) {
    const { rows } = await other.query(
      `select 1 from pg_stat_activity where query like '%pg_sleep(60)%' and pid <> pg_backend_pid()`,
    );
    if (rows.length > 0) break;
  }
  abort.abort(new Error('the attempt was cancelled'));
  await expect(running).rejects.toThrow('the attempt was cancelled');
  await expect(postgres.query('select 1')).rejects.toThrow('the attempt was cancelled');
});
