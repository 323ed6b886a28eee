import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Dag, duckdb, getContext, http, objectStore, postgres, type TestDagOptions, testDag } from 'millrace';
import { describe, expect, it, onTestFinished } from 'vitest';
import { testDatabase } from '../../support/postgres.js';

async function run(declare: (dag: Dag) => unknown, options: TestDagOptions = {}) {
  const dag = new Dag('d');
  declare(dag);
  const { tasks } = await testDag(dag, { logicalDate: '2026-03-04', ...options });
  return tasks['t'] as NonNullable<(typeof tasks)[string]>;
}

async function serve(answer: RequestListener): Promise<string> {
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'millrace-operators-'));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

describe('dag.bash', () => {
  const cases: [options: Parameters<Dag['bash']>[1], expected: object][] = [
    [{ command: 'echo one; echo two; echo' }, { state: 'success', returnValue: 'two' }],
    [{ command: 'echo "$A {{ ds }}"', env: { A: 'day {{ ds_nodash }}' } }, { returnValue: 'day 20260304 2026-03-04' }],
    [{ command: 'echo $AIRFLOW_CTX_DAG_ID.$AIRFLOW_CTX_TASK_ID' }, { returnValue: 'd.t' }],
    [{ command: 'pwd', cwd: '/' }, { returnValue: '/' }],
    [{ command: 'exit 3' }, { state: 'failed', error: { message: expect.stringContaining('exit code 3') } }],
    [{ command: 'exit 99' }, { state: 'skipped' }],
    [{ command: 'exit 7', skipOnExitCode: [7] }, { state: 'skipped' }],
    [{ command: 'kill -9 $$' }, { state: 'failed', error: { message: expect.stringContaining('SIGKILL') } }],
    [{ command: 'seq 100000; printf end' }, { returnValue: 'end' }],
    [{ command: 'sleep 3 & echo first' }, { state: 'success', returnValue: 'first' }],
  ];
  it.each(cases)('%j', async (options, expected) => {
    expect(await run((dag) => dag.bash('t', options))).toMatchObject(expected);
  });
});

describe('dag.sql', () => {
  it('returns rows, binds parameters, and renders templates', async () => {
    const connections = { warehouse: await testDatabase() };
    const task = await run((dag) => dag.sql('t', { sql: "select $1::int as n, '{{ ds }}' as day", parameters: [4] }), {
      connections,
    });
    expect(task).toMatchObject({ state: 'success', returnValue: [{ n: 4, day: '2026-03-04' }] });
  });

  it('takes a parameter from another task, and never as a template', async () => {
    const connections = { warehouse: await testDatabase() };
    const task = await run(
      (dag) => {
        const text = dag.task('text', async () => ['{{ ds }}'])();
        dag.sql('t', { sql: 'select $1::text as text', parameters: text });
      },
      { connections },
    );
    expect(task.returnValue).toEqual([{ text: '{{ ds }}' }]);
  });

  it('names the database’s error, and a connection that does not exist', async () => {
    const connections = { warehouse: await testDatabase() };
    expect((await run((dag) => dag.sql('t', { sql: 'select nonsense' }), { connections })).error?.message).toContain(
      'nonsense',
    );
    const missing = await run((dag) => dag.sql('t', { sql: 'select 1', connection: 'other' }), { connections });
    expect(missing.error).toMatchObject({
      type: 'CONNECTION_NOT_FOUND',
      message: expect.stringContaining('warehouse'),
    });
  });
});

describe('dag.http', () => {
  it('sends JSON, and returns the answer’s body', async () => {
    const url = await serve((request, response) => {
      let body = '';
      request.on('data', (piece) => {
        body += piece;
      });
      request.on('end', () =>
        response.setHeader('content-type', 'application/json').end(
          JSON.stringify({
            method: request.method,
            type: request.headers['content-type'],
            key: request.headers['x-key'],
            body,
          }),
        ),
      );
    });
    const task = await run((dag) =>
      dag.http('t', {
        url: `${url}/{{ ds }}`,
        method: 'POST',
        headers: { 'x-key': '{{ ds }}' },
        body: { day: '{{ ds }}' },
      }),
    );
    expect(task.returnValue).toEqual({
      method: 'POST',
      type: 'application/json',
      key: '2026-03-04',
      body: '{"day":"2026-03-04"}',
    });
  });

  it('fails for a status that is not expected', async () => {
    const url = await serve((_, response) => response.writeHead(404).end('no such thing'));
    expect((await run((dag) => dag.http('t', { url }))).error).toMatchObject({
      type: 'HTTP_FAILED',
      message: expect.stringContaining('404: no such thing'),
    });
    expect((await run((dag) => dag.http('t', { url, expect: [404] }))).returnValue).toBe('no such thing');
    expect((await run((dag) => dag.http('t', { url: 'ftp://x' }))).error?.message).toContain('no http or https URL');
  });
});

describe('dag.email', () => {
  it.each([
    [{ to: 'a@b.c\nbcc: x@y.z', subject: 's' }, /no e-mail address/],
    [{ to: [], subject: 's' }, /no e-mail address/],
  ])('refuses %j', async (options, message) => {
    expect((await run((dag) => dag.email('t', options))).error?.message).toMatch(message);
  });

  it('escapes data in a template, keeps headers on one line, and sends nothing when told so', async () => {
    const base = folder();
    writeFileSync(join(base, 'note.ejs'), '<h1><%= subject %></h1><p><%= data.name %></p>');
    const dag = new Dag('d');
    const data = dag.task('data', async () => ({ name: '<b>' }))();
    dag.email('t', { to: 'Ops <ops@example.org>, b@example.org', subject: 'one\ntwo', template: 'note', data });
    dag.email('none', { to: 'a@b.c', subject: 's', when: false });
    const result = await testDag(dag, { baseFolder: base });
    expect(result.emails).toMatchObject([
      { to: ['Ops <ops@example.org>', 'b@example.org'], subject: 'one two', html: '<h1>one\ntwo</h1><p>&lt;b&gt;</p>' },
    ]);
    expect(result.tasks['none']?.returnValue).toBe(false);
  });
});

describe('sensors', () => {
  it('of objects find the first key that matches', async () => {
    const lake = folder();
    const connections = { lake: pathToFileURL(lake).href };
    const task = await run(
      (dag) => {
        const put = dag.task(
          'put',
          async () => void (await objectStore().put('in/2026-03-04/a.json', Buffer.from('1'))),
        )();
        dag.objectSensor('t', { url: 'lake:in/{{ ds }}/*.json', timeout: 60, pokeInterval: 1 }).after(put);
        dag.objectSensor('deep', { url: 'lake:**/a.json' }).after(put);
        dag.objectSensor('never', { url: 'lake:in/*.json', timeout: 5, pokeInterval: 1, softFail: true }).after(put);
      },
      { connections },
    );
    expect(task).toMatchObject({ state: 'success', returnValue: 'in/2026-03-04/a.json' });
  });

  it('of SQL wait for a first cell that is true', async () => {
    const connections = { warehouse: await testDatabase() };
    const task = await run(
      (dag) => {
        dag
          .task('count', async () => {
            await postgres().query('create table seen (n int)');
          })()
          .before(dag.sqlSensor('t', { sql: 'select count(*) + 1 from seen', timeout: 1 }, { retries: 0 }));
      },
      { connections },
    );
    expect(task.state).toBe('success');
    const zero = await run(
      (dag) => dag.sqlSensor('t', { sql: 'select 0', timeout: 30, pokeInterval: 10, softFail: true }),
      { connections },
    );
    expect(zero.state).toBe('skipped');
  });

  it('of HTTP take a refused connection and another status as a no', async () => {
    let calls = 0;
    const url = await serve((_, response) => response.writeHead(++calls < 3 ? 503 : 200).end());
    expect((await run((dag) => dag.httpSensor('t', { url, pokeInterval: 10 }))).state).toBe('success');
    expect(calls).toBe(3);
    const refused = await run((dag) =>
      dag.httpSensor('t', { url: 'http://127.0.0.1:1/', timeout: 20, pokeInterval: 10 }),
    );
    expect(refused).toMatchObject({ state: 'failed', tryNumber: 1 });
  });

  it('of time look once when it has passed', async () => {
    expect((await run((dag) => dag.timeSensor('t', { at: '{{ ds }}T06:00' }))).state).toBe('success');
    const later = new Date(Date.now() + 3_600_000).toISOString();
    expect((await run((dag) => dag.timeSensor('t', { at: later, mode: 'reschedule' }))).state).toBe('success');
  });
});

describe('hooks', () => {
  it('roll a transaction back that throws, and stream a copy', async () => {
    const connections = { warehouse: await testDatabase() };
    const task = await run(
      (dag) =>
        dag.task('t', async () => {
          const db = postgres();
          await db.query('create table t (n int)');
          await db
            .transaction(async (tx) => {
              await tx.query('insert into t values (1)');
              throw new Error('no');
            })
            .catch(() => {});
          const { Readable } = await import('node:stream');
          await db.transaction(async (tx) => {
            await tx.copyFrom('t (n)', Readable.from(['2\n3\n']));
          });
          return (await db.query<{ n: number }>('select n from t order by n')).rows.map(({ n }) => n);
        })(),
      { connections },
    );
    expect(task.returnValue).toEqual([2, 3]);
  });

  it('call a service of a base URL, with its password in a header', async () => {
    const url = await serve((request, response) => response.end(`${request.url} ${request.headers.authorization}`));
    const withPassword = url.replace('http://', 'http://me:secret@');
    const task = await run((dag) => dag.task('t', async () => http('api').get('/v1'))(), {
      connections: { api: withPassword },
    });
    expect(task.returnValue).toBe(`/v1 Basic ${Buffer.from('me:secret').toString('base64')}`);
  });

  it('share a DuckDB file', async () => {
    const file = join(folder(), 'a.duckdb');
    const task = await run((dag) => {
      const write = dag.task('write', async () => {
        await duckdb(file).query('create table t as select 1 as n union all select 2 order by n');
      })();
      dag
        .task('t', async () => duckdb(file).query<{ n: number }>('select n from t order by n'))()
        .after(write);
    });
    expect(task).toMatchObject({ returnValue: [{ n: 1 }, { n: 2 }] });
  });

  it('know the run that they are in', async () => {
    const task = await run((dag) =>
      dag.task('t', async () => {
        const { dagId, taskId, logicalDate, runType, mapIndex } = getContext();
        return { dagId, taskId, logicalDate, runType, mapIndex };
      })(),
    );
    expect(task.returnValue).toEqual({
      dagId: 'd',
      taskId: 't',
      logicalDate: '2026-03-04T00:00:00.000Z',
      runType: 'manual',
      mapIndex: -1,
    });
  });
});
