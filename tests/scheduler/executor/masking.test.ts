import { beforeAll, expect, it } from 'vitest';
import { childEnvironment } from '../../../scheduler/executor/child-environment.js';
import { ensureBuilt, importOne, startPool, testFolder } from '../../support/pool.js';

beforeAll(ensureBuilt);

/** Each is planted in one place, and must be nowhere in what a task leaves behind. */
const canaries = {
  password: 'canary-password/é"1',
  extra: 'canary-of-the-extra',
  url: 'canary-in-a-url',
  variable: 'canary-of-a-variable',
  json: 'canary-within-json',
  author: 'canary-of-the-author',
  warehouse: 'canary-of-the-warehouse',
  lines: 'canary-first-line\ncanary-second-line',
};

const source = `
import { Dag, getClient, getContext, maskSecret } from 'millrace';
export const dag = new Dag('d');
dag.task('leak', async () => {
  const client = getClient();
  const { password, extra, host } = await client.getConnectionOrThrow('crm');
  const token = await client.getVariable('api_token');
  const config = await client.getVariable('config');
  const key = await client.getVariable('private_key');
  maskSecret('${canaries.author}');
  maskSecret({ plain: 'shown-to-all' }, 'settings');
  const all = [password, extra, host, token, config, key, '${canaries.author}', '${canaries.warehouse}'];
  console.log('log', ...all);
  console.log(JSON.stringify({ all }));
  console.log(encodeURIComponent(password), Buffer.from(password).toString('base64'));
  process.stdout.write('raw ' + all.join(' ') + '\\n');
  getContext().log.warning('context', { all });
  getContext().log.info('shown-to-all');
  throw new Error('failed with ' + all.join(' '));
})();
`;

it('leaves no secret that a task was given in its log or its error', async () => {
  const folder = testFolder();
  const file = await importOne(folder, source);
  const { run } = await startPool(folder, {
    connections: { warehouse: { url: `postgresql://u:${canaries.warehouse}@127.0.0.1:1/w` } },
    onCall: async (call) => {
      if (call.method === 'getConnection') {
        return {
          id: call.id,
          type: 'http',
          host: `https://u:${canaries.url}@crm.example.test`,
          password: canaries.password,
          extra: JSON.stringify({ region: 'eu', nested: { api_key: canaries.extra } }),
        };
      }
      if (call.method !== 'getVariable') return null;
      if (call.key === 'api_token') return canaries.variable;
      if (call.key === 'private_key') return canaries.lines;
      return JSON.stringify({ region: 'eu-central', password: canaries.json });
    },
  });
  const end = await run(file, 'leak');
  expect(end).toMatchObject({ outcome: { state: 'failed' } });
  const left = JSON.stringify(end);
  expect(left.match(/canary[\w-]*/g)).toBeNull();
  expect(left).not.toContain(Buffer.from(canaries.password).toString('base64').slice(0, 16));
  // What is no secret is still there: the net is not the whole sea.
  expect(end.log).toMatch(/shown-to-all/);
  expect(end.log).toMatch(/eu-central/);
  expect(end.log).toMatch(/log \*\*\* /);
});

it('gives children none of the environment that holds secrets', () => {
  const env = childEnvironment({
    PATH: '/bin',
    DAG_REGION: 'eu',
    AIRFLOW_CONN_CRM: 'http://u:p@h',
    AIRFLOW_VAR_TOKEN: 't',
    MILLRACE_SECRET_KEY: 'k',
    WAREHOUSE_URL: 'postgresql://u:p@h/d',
    AWS_SECRET_ACCESS_KEY: 'a',
  });
  expect(env).toEqual({ PATH: '/bin', DAG_REGION: 'eu' });
});
