import { tmpdir } from 'node:os';
import { pathToFileURL } from 'node:url';
import { Dag, defer, FailTask, getClient, getContext, SkipTask, testDag, trigger, zip } from 'millrace';
import { approval, hitl } from 'millrace/hitl';
import { describe, expect, it } from 'vitest';

const states = (run: { tasks: Record<string, { state: string | null }> }) =>
  Object.fromEntries(Object.entries(run.tasks).map(([id, task]) => [id, task.state]));

describe('testDag', () => {
  it('runs a DAG in process: values, logs, XComs, mapping', async () => {
    const dag = new Dag('d');
    const list = dag.task('list', async () => ['a', 'b', 'c'])();
    const load = dag.task('load', async ({ bucket, key }: { bucket: string; key: string }) => {
      console.log('loading', key);
      getContext().log.warning('slow');
      return `${bucket}/${key}`;
    });
    const loaded = load.partial({ bucket: 'raw' }).expand({ key: list });
    dag.task('sum', async ({ all }: { all: string[] }) => all.join(' '))({ all: loaded });
    const run = await testDag(dag);
    expect(run.state).toBe('success');
    expect(run.tasks['load[1]']).toMatchObject({ state: 'success', returnValue: 'raw/b' });
    expect(run.tasks['load[1]']?.log).toContain('INFO loading b\nWARNING slow');
    expect(run.tasks['sum']?.returnValue).toBe('raw/a raw/b raw/c');
  });

  it('follows branches, skips and failures as the scheduler does', async () => {
    const dag = new Dag('d');
    const gate = dag.task('gate', async () => getContext().conf['go'] === true)();
    const yes = dag.task('yes', async () => 1)();
    const no = dag.task('no', async () => 2)();
    dag.if(gate).then(yes).else(no);
    dag
      .task('join', async () => 3, { triggerRule: 'none_failed_min_one_success' })()
      .after(yes, no);
    expect(states(await testDag(dag, { conf: { go: true } }))).toEqual({
      gate: 'success',
      yes: 'success',
      no: 'skipped',
      join: 'success',
    });
    expect(states(await testDag(dag, { conf: { go: false } }))).toEqual({
      gate: 'success',
      yes: 'skipped',
      no: 'success',
      join: 'success',
    });
  });

  it('retries at once, and stops where no retry will help', async () => {
    const dag = new Dag('d');
    dag.task(
      'flaky',
      async () => {
        if (getContext().tryNumber < 3) throw new Error('not yet');
        return getContext().tryNumber;
      },
      { retries: 5, retryDelay: 3600 },
    )();
    dag.task(
      'final',
      async () => {
        throw new FailTask('never');
      },
      { retries: 5 },
    )();
    dag.task('skip', async () => {
      throw new SkipTask('no need');
    })();
    const run = await testDag(dag);
    expect(run.state).toBe('failed');
    expect(run.tasks['flaky']).toMatchObject({ state: 'success', tryNumber: 3, returnValue: 3 });
    expect(run.tasks['final']).toMatchObject({ state: 'failed', tryNumber: 1, error: { message: 'never' } });
    expect(run.tasks['skip']?.state).toBe('skipped');
  });

  it('lets sensors wait without waiting, in both modes', async () => {
    for (const mode of ['poke', 'reschedule'] as const) {
      let looks = 0;
      const dag = new Dag('d');
      const found = dag.sensor('wait', async () => (++looks < 4 ? false : { done: true, value: 7 }), {
        mode,
        pokeInterval: 600,
      });
      dag.task('use', async ({ n }: { n: number | undefined }) => n)({ n: found as never });
      const run = await testDag(dag);
      expect(run.tasks['use']?.returnValue).toBe(7);
      expect(looks).toBe(4);
    }
  });

  it('ends a sensor at its timeout, without a retry, or as skipped', async () => {
    const dag = new Dag('d');
    dag.sensor('hard', async () => false, { pokeInterval: 60, timeout: 300, retries: 3 });
    dag.sensor('soft', async () => false, { mode: 'reschedule', pokeInterval: 60, timeout: 300, softFail: true });
    const run = await testDag(dag);
    expect(run.tasks['hard']).toMatchObject({ state: 'failed', tryNumber: 1 });
    expect(run.tasks['soft']?.state).toBe('skipped');
  });

  it('checks params against their schema, and gives defaults', async () => {
    const params = { type: 'object', properties: { limit: { type: 'integer', default: 5 } } };
    const dag = new Dag('d', { params });
    dag.task('t', async () => getContext().params['limit'] ?? null)();
    expect((await testDag(dag)).tasks['t']?.returnValue).toBe(5);
    expect((await testDag(dag, { params: { limit: 9 } })).tasks['t']?.returnValue).toBe(9);
    await expect(testDag(dag, { params: { limit: 'many' } })).rejects.toThrow(/limit/);
  });

  it('runs single tasks with given inputs, variables and XComs', async () => {
    const dag = new Dag('d');
    const rows = dag.task('extract', async (): Promise<number> => {
      throw new Error('must not run');
    })();
    dag.task('load', async ({ n }: { n: number }) => `${n} ${await getClient().getVariable('city')}`)({ n: rows });
    const run = await testDag(dag, { only: ['load'], returns: { extract: 12 }, variables: { city: 'Bern' } });
    expect(run.tasks['load']?.returnValue).toBe('12 Bern');
  });

  it('finds other connections and variables in the environment that it is given', async () => {
    const dag = new Dag('d');
    dag.task('look', async () => {
      const client = getClient();
      const { host, password } = await client.getConnectionOrThrow('crm');
      return [host, password, await client.getVariable('city'), await client.getVariable('none')].join();
    })();
    const environment = { AIRFLOW_CONN_CRM: 'http://u:p%40ss@h', AIRFLOW_VAR_CITY: 'Bern' };
    const run = await testDag(dag, { environment });
    expect(run.tasks['look']?.returnValue).toBe('h,p@ss,Bern,');
    expect((await testDag(dag)).tasks['look']?.error?.message).toContain('there is no connection "crm"');
  });

  it('shows e-mails and triggered runs instead of sending them', async () => {
    const dag = new Dag('d');
    dag.email('mail', { to: ['a@example.org'], subject: 'Done {{ ds }}', html: '<p>{{ params.x }} rows</p>' });
    dag.triggerDagRun({ taskId: 'next', dagId: 'other', conf: { day: '{{ ds }}' } });
    const run = await testDag(dag, { logicalDate: '2026-01-05', params: { x: 3 } });
    expect(run.emails).toMatchObject([{ to: ['a@example.org'], subject: 'Done 2026-01-05', text: '3 rows' }]);
    expect(run.triggered).toMatchObject([{ dagId: 'other', conf: { day: '{{ ds }}' }, runId: null }]);
  });

  it('maps records in step, and switches among cases', async () => {
    const dag = new Dag('d');
    const copy = dag.task('copy', async ({ from, to }: { from: string; to: string }) => `${from}>${to}`);
    copy.expandKwargs(zip.longest({ from: ['a', 'b'], to: ['x'] }, { fill: '?' }));
    const small = dag.task('small', async () => 's')();
    const large = dag.task('large', async () => 'l')();
    dag
      .switch(dag.task('pick', async () => large)())
      .case(small)
      .case(large);
    const run = await testDag(dag);
    expect(run.tasks['copy[1]']?.returnValue).toBe('b>?');
    expect(states(run)).toMatchObject({ small: 'skipped', large: 'success' });
    expect(run.tasks['pick']?.returnValue).toBe('large');
  });

  it('switches among groups, and skips all of those that were not chosen', async () => {
    const dag = new Dag('d');
    const groups = ['left', 'right'].map((id) => {
      const group = dag.taskGroup(id);
      const first = group.task('first', async () => id)();
      const other = group.task('other', async () => id)();
      group
        .task('last', async () => id)()
        .after(first, other);
      return group;
    });
    const [left, right] = groups as [(typeof groups)[0], (typeof groups)[0]];
    const single = dag.task('single', async () => 1)();
    dag
      .switch(dag.task('pick', async () => [right, single])(), { multiple: true })
      .case(left)
      .case(right)
      .case(single);
    const run = await testDag(dag);
    expect(states(run)).toEqual({
      'left.first': 'skipped',
      'left.other': 'skipped',
      'left.last': 'skipped',
      'right.first': 'success',
      'right.other': 'success',
      'right.last': 'success',
      single: 'success',
      pick: 'success',
    });
    expect(run.tasks['pick']?.returnValue).toEqual(['right', 'single']);
    const wrong = new Dag('wrong');
    const a = wrong.taskGroup('a');
    a.task('t', async () => 1)();
    const b = wrong.task('b', async () => 1)();
    wrong
      .switch(wrong.task('pick', async () => 'c' as unknown as typeof a)())
      .case(a)
      .case(b);
    const refused = await testDag(wrong);
    expect(refused.tasks['pick']?.error?.message).toBe('the switch chose c, which is none of its cases: b, a');
    expect(refused.tasks['pick']?.tryNumber).toBe(1);
  });

  it('names the instances of a mapped task by a template, when they have ended', async () => {
    const dag = new Dag('d');
    const town = async ({ key }: { key: string }) => {
      if (key === 'c') throw new Error('no such town');
      return { name: key.toUpperCase() };
    };
    dag
      .task('load', town, { mapIndexTemplate: '{{ key }}: {{ xcom.return_value.name }}, try {{ ti.try_number }}' })
      .expand({
        key: ['a', 'b', 'c'],
      });
    const run = await testDag(dag);
    expect(Object.values(run.tasks).map((task) => [task.state, task.renderedMapIndex])).toEqual([
      ['success', 'a: A, try 1'],
      ['success', 'b: B, try 1'],
      ['failed', null],
    ]);
    expect(run.tasks['load[2]']?.log).toContain('WARNING mapIndexTemplate:');
    expect(run.tasks['load[2]']?.error?.message).toBe('no such town');
  });

  it('gives a task up after its deferral’s patience, and at once when nothing can come', async () => {
    const dag = new Dag('d');
    dag.task('late', async () => defer(trigger.object({ url: 'lake:never' }), { timeout: 60 }))();
    dag.task('never', async () => defer(trigger.object({ url: 'nowhere:x' })))();
    const run = await testDag(dag, { connections: { lake: pathToFileURL(tmpdir()).href } });
    expect(run.tasks['late']).toMatchObject({ state: 'failed', error: { type: 'TaskDeferralTimeout' } });
    expect(run.tasks['never']).toMatchObject({ state: 'failed', error: { type: 'CONNECTION_NOT_FOUND' } });
  });

  it('resumes a deferred task with its event', async () => {
    const dag = new Dag('d');
    dag.task('wait', async () => getContext().event ?? defer(trigger.after(3600)))();
    const run = await testDag(dag);
    expect(run.tasks['wait']).toMatchObject({
      state: 'success',
      tryNumber: 1,
      returnValue: { at: expect.any(String) },
    });
  });

  it('asks a person, and goes on with the default when nobody answers in time', async () => {
    const dag = new Dag('d');
    const report = dag.task('report', async () => ({ version: '1.4' }))();
    const subject = ({ report }: { report: { version: string } }) => `Ship ${report.version}?`;
    const yes = dag.task('yes', approval({ subject, defaults: 'Approve', responseTimeout: 30 }))({ report });
    yes.before(dag.task('publish', async () => 'published')());
    const no = dag.task('no', approval({ subject, defaults: 'Reject', responseTimeout: 30 }))({ report });
    no.before(dag.task('dropped', async () => 'published')());
    const strict = dag.task(
      'strict',
      approval({ subject, defaults: 'Reject', responseTimeout: 30, failOnReject: true }),
    );
    strict({ report }).before(dag.task('after_strict', async () => 1)());
    dag.task('nobody', hitl({ subject: 'Which?', options: ['a', 'b'], responseTimeout: 30 }))();
    const run = await testDag(dag);
    expect(run.tasks['yes']?.returnValue).toMatchObject({ chosen_options: ['Approve'], responded_by_user: null });
    expect(states(run)).toMatchObject({
      publish: 'success',
      no: 'success',
      dropped: 'skipped',
      strict: 'failed',
      after_strict: 'upstream_failed',
      nobody: 'failed',
    });
  });

  it('leaves a run running that waits for a person without end', async () => {
    const dag = new Dag('d');
    dag.task('ask', approval({ subject: 'Proceed?' }))();
    const run = await testDag(dag);
    expect(run.state).toBe('running');
    expect(run.tasks['ask']?.state).toBe('awaiting_input');
  });

  it('renders templates as values when the DAG says so', async () => {
    const dag = new Dag('d', { renderTemplateAsNativeObj: true });
    dag.triggerDagRun({
      taskId: 't',
      dagId: 'other',
      renderConf: true,
      conf: { list: '{{ params.list }}', day: '{{ ds }}' },
    });
    const run = await testDag(dag, { params: { list: [1, 2] }, logicalDate: '2026-01-05' });
    expect(run.triggered[0]?.conf).toEqual({ list: [1, 2], day: '2026-01-05' });
  });

  it('calls the callbacks of the DAG', async () => {
    const called: unknown[] = [];
    const dag = new Dag('d', {
      onFailure: ({ dagRun, taskInstances }) => called.push([dagRun.state, taskInstances.map(({ taskId }) => taskId)]),
      onRetry: ({ taskInstances }) => called.push(taskInstances[0]?.tryNumber),
      onSuccess: () => called.push('success'),
    });
    dag.task('bad', async () => Promise.reject(new Error('no')), { retries: 1 })();
    await testDag(dag);
    expect(called).toEqual([1, ['failed', ['bad']]]);
  });
});
