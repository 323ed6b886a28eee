import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Dag, TestDagOptions, TestedRun } from 'millrace';
import { beforeAll, describe, expect, it } from 'vitest';
import { importModule } from '../../../scheduler/dag/import-dags.js';
import { ensureBuilt, importOne, testFolder } from '../../support/pool.js';

beforeAll(ensureBuilt);

type Run = (dag: Dag, options?: TestDagOptions) => Promise<TestedRun>;

/** Imports a file as the loader child does, and returns its DAGs with what runs them. */
async function nativeDags(source: string): Promise<{ dags: Dag[]; testDag: Run }> {
  const folder = testFolder();
  // The file's own `millrace` runs it: there must be one of it, as in a child.
  const { bundleHash } = await importOne(folder, `${source}\nexport { testDag } from 'millrace';`);
  const { exports } = await importModule(pathToFileURL(join(folder, 'bundles', `${bundleHash}.mjs`)).href);
  const { testDag, ...others } = exports;
  return { dags: Object.values(others).flat() as Dag[], testDag: testDag as Run };
}

const states = (run: TestedRun) => Object.fromEntries(Object.entries(run.tasks).map(([id, task]) => [id, task.state]));

/** What Airflow's SDK lets a DAG say, each construct once. */
const pipeline = `
import {
  Asset, Bundle, ConnectionNotFoundError, Dag, getClient, getContext, VariableNotFoundError, withArgList, withArgNames,
} from 'apache-airflow-ts-sdk';
import type { JsonValue, TaskContext, TaskFactory, TaskGroupRef, TaskOptions, TaskRef } from 'apache-airflow-ts-sdk';

interface Count { readonly city: string; readonly trips: number }
const quiet: TaskOptions = { triggerRule: 'all_done' };

export const dag = new Dag('city_trips', {
  schedule: '@daily', catchup: false, tags: ['native'], queue: 'typescript', maxActiveRuns: 1, dagrunTimeout: 600,
});

const read: TaskGroupRef = dag.taskGroup('read');
const bern = read.task('bern', async (): Promise<Count> => ({
  city: 'bern', trips: Number((await getClient().getVariable('bern_trips')) ?? 3),
}));
const basel = read.task('basel', async (): Promise<Count> => ({ city: 'basel', trips: 4 }), { retries: 1 });

const add = dag.task('add', async ({ first, second }: { first: Count; second: Count }) => {
  const total = first.trips + second.trips;
  await getClient().setXCom({ key: 'total', value: total });
  return { total };
});
const added = add(withArgList(bern(), basel()));

const enough = dag.task('enough', async ({ sum }: { sum: { total: number } }) => sum.total > 5)({ sum: added });
const publish = dag.task('publish', async () => {
  const total = await getClient().getXCom<number>({ key: 'total', taskId: 'add' });
  return { published: total ?? 0 };
})();
const wait = dag.task('wait', async () => 'waited')();
dag.if(enough).then(publish).else(wait);

const daily: TaskRef = dag.task('daily', async () => 'd')();
const weekly: TaskRef = dag.task('weekly', async () => 'w')();
const pick = dag.task('pick', async () => ((await getClient().getVariable('cadence')) === 'weekly' ? weekly : daily))();
dag.switch(pick).case(daily).case(weekly);
read.before(pick);

const told = dag.task(async function tell() {
  const { dagId, taskId, runId, tryNumber, mapIndex, signal }: TaskContext = getContext();
  return { dagId, taskId, tryNumber, mapIndex, hasRun: runId.length > 0, aborted: signal.aborted };
}, quiet)();
told.after(publish, wait, daily, weekly);

const missing = dag.task('missing', withArgNames({ key: 'variable_key' }, async ({ key }: { key: string }) => {
  const client = getClient();
  const errors = [await client.getVariableOrThrow(key).catch((e: unknown) => e), await client.getConnectionOrThrow('no').catch((e: unknown) => e)];
  return [errors[0] instanceof VariableNotFoundError && errors[0].key, errors[1] instanceof ConnectionNotFoundError && errors[1].connId];
}))({ key: 'none' });

const state = dag.task('state', async () => {
  const store = getClient().assetStateStore.forAsset(new Asset({ name: 'trips' }));
  const seen: (JsonValue | null)[] = [await store.get<number>('seen')];
  try {
    await store.set('seen', 1);
  } catch (error) {
    seen.push((error as { code: string }).code);
  }
  return seen;
})();
state.after(missing);

dag.triggerDagRun({ taskId: 'next', dagId: 'report', conf: { by: '{{ dag.dag_id }}' }, failWhenDagIsPaused: false }).after(told);

const bundle = new Bundle();
bundle.register(dag);
await bundle.serve();
`;

const questions = `
import { Bundle, Dag } from 'apache-airflow-ts-sdk';
import { approval, hitl } from 'apache-airflow-ts-sdk/hitl';
import type { HITLResult } from 'apache-airflow-ts-sdk/hitl';

interface Report { version: string; changes: string[] }

const release = new Dag('release', { queue: 'typescript' });
const report = release.task('report', async (): Promise<Report> => ({ version: '2', changes: ['faster'] }))();
const ship = release.task('ship', approval({
  subject: async ({ report }: { report: Report }) => 'Ship ' + report.version + '?',
  body: ({ report }: { report: Report }) => report.changes.map((change) => '- ' + change).join('\\n'),
  defaults: 'Reject',
  responseTimeout: 30,
}))({ report });
const shipped = release.task('shipped', async () => 'shipped')();
ship.before(shipped);
shipped.before(release.task('after', async () => 'after', { triggerRule: 'all_done' })());

const strict = new Dag('strict');
strict.task('gate', approval({ subject: 'Go on?', defaults: 'Reject', responseTimeout: 1, failOnReject: true }), { retries: 3 })();

const whole = new Dag('whole');
const stop = whole.task('gate', approval({
  subject: 'Go on?', body: null, defaults: 'Reject', responseTimeout: 1, ignoreDownstreamTriggerRules: true,
}))();
const one = whole.task('one', async () => 1)();
stop.before(one);
one.before(whole.task('two', async () => 2, { triggerRule: 'all_done' })());

const choice = new Dag('choice');
const chosen = choice.task('choose', hitl({
  subject: 'Where to?', options: ['us', 'eu', 'apac'], multiple: true, defaults: ['us', 'eu'], responseTimeout: 30,
  assignedUsers: [{ id: 'op', name: 'Operator' }],
  params: { replicas: { value: 3, description: 'How many', schema: { type: 'integer', minimum: 1 } } },
}))();
choice.task('deploy', async ({ answer }: { answer: HITLResult }) => [
  answer.chosen_options, answer.params_input['replicas'], answer.responded_by_user?.name ?? 'nobody', answer.timedout,
])({ answer: chosen });

export const all = [release, strict, whole, choice];
await new Bundle(release, strict, whole, choice).serve();
`;

describe('a DAG file written for Airflow’s TypeScript SDK', () => {
  it('loads and runs unchanged', async () => {
    const { dags, testDag } = await nativeDags(pipeline);
    const [dag] = dags as [Dag];
    const run = await testDag(dag, { variables: { bern_trips: '1', cadence: 'weekly' } });
    expect(states(run)).toEqual({
      'read.bern': 'success',
      'read.basel': 'success',
      add: 'success',
      enough: 'success',
      publish: 'skipped',
      wait: 'success',
      daily: 'skipped',
      weekly: 'success',
      pick: 'success',
      tell: 'success',
      missing: 'success',
      state: 'success',
      next: 'success',
    });
    const value = (taskId: string) => run.tasks[taskId]?.returnValue;
    expect(value('add')).toEqual({ total: 5 });
    expect(value('pick')).toBe('weekly');
    expect(value('tell')).toEqual({
      dagId: 'city_trips',
      taskId: 'tell',
      tryNumber: 1,
      mapIndex: -1,
      hasRun: true,
      aborted: false,
    });
    expect(value('missing')).toEqual(['none', 'no']);
    expect(value('state')).toEqual([null, 'ASSET_NOT_FOUND']);
    expect(run.triggered).toMatchObject([
      { dagId: 'report', conf: { by: '{{ dag.dag_id }}' }, logicalDate: 'now', runId: null },
    ]);
    const other = await testDag(dag, { variables: { bern_trips: '9' } });
    expect(states(other)).toMatchObject({ publish: 'success', wait: 'skipped', daily: 'success', weekly: 'skipped' });
    expect(other.tasks['publish']?.returnValue).toEqual({ published: 13 });
  });

  it('asks people, and goes on with the defaults when nobody answers', async () => {
    const { dags, testDag } = await nativeDags(questions);
    const [release, strict, whole, choice] = dags as [Dag, Dag, Dag, Dag];
    const rejected = await testDag(release);
    expect(states(rejected)).toEqual({ report: 'success', ship: 'success', shipped: 'skipped', after: 'success' });
    expect(rejected.tasks['ship']?.returnValue).toMatchObject({
      chosen_options: ['Reject'],
      responded_by_user: null,
      timedout: true,
    });
    expect((await testDag(strict)).tasks['gate']).toMatchObject({ state: 'failed', tryNumber: 4 });
    expect(states(await testDag(whole))).toEqual({ gate: 'success', one: 'skipped', two: 'skipped' });
    expect((await testDag(choice)).tasks['deploy']?.returnValue).toEqual([['us', 'eu'], 3, 'nobody', true]);
  });

  it('is told what it cannot have: handlers for a DAG of Python', async () => {
    const source = `import { Bundle, TaskHandler } from 'apache-airflow-ts-sdk';
      await new Bundle(new TaskHandler('etl', 'load', async () => 1)).serve();`;
    await expect(importOne(testFolder(), source)).rejects.toThrow(/Declare the DAG itself: new Dag\('etl'\)/);
  });
});
