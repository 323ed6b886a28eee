import {
  all,
  any,
  asset,
  Bundle,
  Dag,
  type DagSpec,
  email,
  getClient,
  getContext,
  TaskHandler,
  type TaskSpec,
  withArgList,
} from 'millrace';
import { approval, hitl } from 'millrace/hitl';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { serializeDag } from '../../../scheduler/dag/serialize.js';

const upstream = (dag: Dag) => Object.fromEntries(serializeDag(dag).tasks.map((task) => [task.taskId, task.upstream]));
const place = (dag: Dag, id: string) => dag.task(id, async () => 1)();

describe('edges', () => {
  it('come from inputs and from before and after, each once', () => {
    const dag = new Dag('d');
    const a = place(dag, 'a');
    const b = place(dag, 'b');
    const c = dag.task('c', async (_: { x: number }) => 1)({ x: a });
    c.after(a, b).after(b);
    b.before(c, a).before(a);
    expect(upstream(dag)).toEqual({ a: ['b'], b: [], c: ['a', 'b'] });
  });

  it('of a group begin at its last tasks and end at its first, nested groups and empty ones included', () => {
    const dag = new Dag('d');
    const start = place(dag, 'start');
    const end = place(dag, 'end');
    const outer = dag.taskGroup('outer');
    const first = outer.task('first', async () => 1)();
    const inner = outer.taskGroup('inner');
    inner.task('x', async () => 1)();
    inner.task('y', async () => 1)();
    inner.after(first);
    outer.after(start).before(end);
    expect(upstream(dag)).toEqual({
      start: [],
      end: ['outer.inner.x', 'outer.inner.y'],
      'outer.first': ['start'],
      'outer.inner.x': ['outer.first'],
      'outer.inner.y': ['outer.first'],
    });
  });

  it('pass teardowns by at the end of a group', () => {
    const dag = new Dag('d');
    const group = dag.taskGroup('g');
    const create = group
      .task('create', async () => 1)()
      .asSetup();
    const work = group
      .task('work', async () => 1)()
      .after(create);
    group
      .task('drop', async () => 1)()
      .after(work)
      .asTeardown({ setups: create });
    group.before(place(dag, 'next'));
    const dropped = serializeDag(dag).tasks.find((task) => task.taskId === 'g.drop');
    expect(upstream(dag)['next']).toEqual(['g.work']);
    expect(dropped).toMatchObject({ isTeardown: true, setups: ['g.create'], triggerRule: 'all_done_setup_success' });
  });

  it('name the tasks of a cycle', () => {
    const dag = new Dag('d');
    const [a, b, c] = [place(dag, 'a'), place(dag, 'b'), place(dag, 'c')];
    a.before(b);
    b.before(c);
    c.before(a);
    expect(() => serializeDag(dag)).toThrow(/cycle: (a -> b -> c -> a|b -> c -> a -> b|c -> a -> b -> c)/);
  });
});

describe('what is refused, with the reason', () => {
  const other = new Dag('other');
  const foreign = other.task('foreign', async () => 1)();
  const faults: [what: string, declare: (dag: Dag) => unknown, message: RegExp][] = [
    ['an id with a dot', (dag) => dag.task('a.b', async () => 1), /"a.b" cannot be used/],
    ['two tasks of one id', (dag) => [place(dag, 'a'), place(dag, 'a')], /two nodes "a"/],
    ['a group and a task of one id', (dag) => [place(dag, 'a'), dag.taskGroup('a')], /two nodes "a"/],
    ['an anonymous handler', (dag) => dag.task(async () => 1), /anonymous/],
    ['two ids', (dag) => dag.task('a', async () => 1, { taskId: 'b' }), /second id/],
    [
      'two calls',
      (dag) => {
        const f = dag.task('a', async () => 1);
        f();
        f();
      },
      /called twice/,
    ],
    [
      'an unknown option, naming the nearest',
      (dag) => dag.task('a', async () => 1, { retrys: 1 } as TaskSpec),
      /no option "retrys"/,
    ],
    ['a wrong value', (dag) => dag.task('a', async () => 1, { retries: -1 }), /retries must be a whole number/],
    ['a task of another DAG', (dag) => dag.task('a', async (_: { x: number }) => 1)({ x: foreign }), /"other"/],
    [
      'a ref inside a list',
      (dag) => dag.task('a', async (_: { x: unknown }) => 1)({ x: [foreign] as never }),
      /inside a list/,
    ],
    [
      'a Date as literal',
      (dag) => dag.task('a', async (_: { x: unknown }) => 1)({ x: new Date() as never }),
      /JSON cannot carry a Date/,
    ],
    [
      'positional inputs',
      (dag) => (dag.task('a', async () => 1) as (x: number) => unknown)(1),
      /instead of named inputs/,
    ],
    [
      'too few inputs in order',
      (dag) => dag.task('a', async ({ x, y }: { x: number; y: number }) => x + y)(withArgList(1)),
      /takes 2 inputs \(x, y\), but got 1/,
    ],
    [
      'inputs in order for a handler that does not name them',
      (dag) => dag.task('a', async (all: { x: number }) => all)(withArgList(1)),
      /cannot take its inputs in order/,
    ],
    [
      'a handler of two arguments',
      (dag) => dag.task('a', (async (x: number, y: number) => x + y) as never),
      /takes 2 arguments/,
    ],
    [
      'a ref instead of named inputs',
      (dag) => (dag.task('b', async (_: { x: number }) => 1) as (ref: unknown) => unknown)(place(dag, 'a')),
      /instead of named inputs/,
    ],
    [
      'a handler for a DAG of Python',
      () => new TaskHandler('etl', 'load', async () => 1),
      /a DAG that Python declares/,
    ],
    ['two DAGs of one id in a bundle', (dag) => new Bundle(dag, new Dag('d')), /two DAGs "d"/],
    ['a question without a subject', () => approval({} as never), /has no subject/],
    [
      'a map over text',
      (dag) => dag.task('a', async (_: { x: string }) => 1).expand({ x: 'abc' as never }),
      /is no list/,
    ],
    [
      'an argument fixed and mapped',
      (dag) =>
        (dag.task('a', async (_: { x: number }) => 1).partial({ x: 1 }) as { expand(x: object): void }).expand({
          x: [1],
        }),
      /both from partial/,
    ],
    [
      'a map in a mapped group',
      (dag) =>
        dag.mappedGroup('g', { x: [1] }, (group) => group.task('a', async (_: { y: number }) => 1).expand({ y: [1] })),
      /inside the mapped group/,
    ],
    [
      'a group’s argument outside it',
      (dag) => {
        let leak: unknown;
        dag.mappedGroup('g', { x: [1] }, (_, { x }) => {
          leak = x;
        });
        dag.task('a', async (_: { x: number }) => 1)({ x: leak as never });
      },
      /outside it/,
    ],
    [
      'a switch without a case',
      (dag) => {
        dag.switch(dag.task('a', async () => foreign)());
        serializeDag(dag);
      },
      /names no case/,
    ],
    [
      'a second branch of one task',
      (dag) => {
        const c = dag.task('a', async () => true)();
        dag.if(c);
        dag.if(c);
      },
      /already decides/,
    ],
    [
      'a teardown with a rule of its own',
      (dag) =>
        dag
          .task('a', async () => 1, { triggerRule: 'all_done' })()
          .asTeardown(),
      /trigger rule of its own/,
    ],
    ['an unknown schedule', () => serializeDag(new Dag('x', { schedule: 'daily' })), /no cron expression/],
    ['an empty schedule', () => serializeDag(new Dag('x', { schedule: '' })), /no cron expression/],
    ['an unknown zone', () => serializeDag(new Dag('x', { timezone: 'Mars/One' })), /unknown/],
    ['a wrong date', () => serializeDag(new Dag('x', { startDate: 'yesterday' })), /no date/],
    ['params that JSON lacks', () => serializeDag(new Dag('x', { params: z.object({ at: z.date() }) })), /JSON schema/],
    ['params that are no object', () => serializeDag(new Dag('x', { params: z.string() })), /no object schema/],
    [
      'another rule under failFast',
      () => {
        const dag = new Dag('x', { failFast: true });
        dag.task('a', async () => 1, { triggerRule: 'all_done' })();
        serializeDag(dag);
      },
      /failFast/,
    ],
    [
      'another rule right after a setup',
      (dag) => {
        const up = dag
          .task('up', async () => 1)()
          .asSetup();
        up.before(dag.task('work', async () => 1, { triggerRule: 'all_done' })());
        serializeDag(dag);
      },
      /task "work" has all_done, but follows the setup "up"/,
    ],
    [
      'the rule always over a list that is not known yet',
      (dag) => {
        const list = dag.task('list', async () => [1])();
        dag.task('each', async (_: { x: number }) => 1, { triggerRule: 'always' }).expand({ x: list });
        serializeDag(dag);
      },
      /task "each" has always, but it is mapped over/,
    ],
    [
      'the rule always in a group over a list that is not known yet',
      (dag) => {
        const list = dag.task('list', async () => [1])();
        dag.mappedGroup('g', { x: list }, (group) => {
          group.task('each', async () => 1, { triggerRule: 'always' })();
        });
        serializeDag(dag);
      },
      /task "g.each" has always, but it is mapped over/,
    ],
    [
      'one case named twice',
      (dag) => {
        const a = place(dag, 'a');
        dag
          .switch(dag.task('c', async () => a)())
          .case(a)
          .case(a);
      },
      /names task "a" twice/,
    ],
    [
      'one task on both sides of an if',
      (dag) => {
        const a = place(dag, 'a');
        dag
          .if(dag.task('c', async () => true)())
          .then(a)
          .else(a);
      },
      /names task "a" twice/,
    ],
    [
      'an if that is awaited',
      (dag) => (dag.if(dag.task('c', async () => true)()).then as (node: unknown) => unknown)(() => {}),
      /is awaited/,
    ],
    [
      'a default that is no option',
      () => hitl({ subject: 's', options: ['a'], defaults: 'b' }),
      /not one of the options/,
    ],
    ['an unknown option of an approval', () => approval({ subject: 's', timeout: 3 } as never), /no option "timeout"/],
    ['something else than a DAG in a bundle', () => new Bundle({} as Dag), /holds DAGs/],
    ['the context outside a task', () => getContext(), /outside a task/],
    ['the client outside a task', () => getClient(), /outside a task/],
  ];
  it.each(faults)('%s', (_what, declare, message) => {
    expect(() => declare(new Dag('d'))).toThrow(message);
  });
});

describe('schedules', () => {
  const cases: [schedule: DagSpec['schedule'], expected: object][] = [
    [undefined, { kind: 'none' }],
    [null, { kind: 'none' }],
    ['@once', { kind: 'once' }],
    ['@continuous', { kind: 'continuous' }],
    ['@daily', { kind: 'cron', crons: ['0 0 * * *'], interval: false, summary: '@daily' }],
    ['*/5 * * * *', { kind: 'cron', crons: ['*/5 * * * *'] }],
    [
      { cron: '0 3 * * *', interval: true },
      { kind: 'cron', interval: true },
    ],
    [{ crons: ['0 9 * * 1-5', '0 12 * * 6'] }, { kind: 'cron', crons: ['0 9 * * 1-5', '0 12 * * 6'] }],
    [{ every: 300 }, { kind: 'every', everyMs: 300_000 }],
    [asset('a'), { kind: 'assets', condition: { asset: { name: 'a', uri: 'a' } } }],
    [
      all(asset('a'), any(asset('b'), asset({ uri: 's3://c', name: 'c' }))),
      {
        kind: 'assets',
        condition: {
          all: [{ asset: { name: 'a' } }, { any: [{ asset: { name: 'b' } }, { asset: { uri: 's3://c' } }] }],
        },
      },
    ],
    [
      { cron: '0 6 * * *', assets: asset('a') },
      { kind: 'asset_or_time', crons: ['0 6 * * *'] },
    ],
  ];
  it.each(cases)('%j', (schedule, expected) => {
    expect(serializeDag(new Dag('d', schedule === undefined ? {} : { schedule })).schedule).toMatchObject(expected);
  });

  it('take the zone of the schedule, then the DAG’s, and read naive dates in it', () => {
    expect(
      serializeDag(new Dag('d', { schedule: { cron: '0 3 * * *', timezone: 'Asia/Tokyo' }, timezone: 'UTC' })).timezone,
    ).toBe('Asia/Tokyo');
    expect(serializeDag(new Dag('d', { timezone: 'Europe/Zurich', startDate: '2026-01-01' })).startDate).toBe(
      Date.UTC(2025, 11, 31, 23),
    );
    expect(serializeDag(new Dag('d', { timezone: 'Europe/Zurich', startDate: new Date(0) })).startDate).toBe(0);
  });
});

describe('a DAG as data', () => {
  it('carries Airflow’s defaults, and what the author says instead', () => {
    const dag = new Dag('d', {
      queue: 'typescript',
      email: 'a@b.c',
      deadline: { after: 'queued', seconds: 60, notify: email({ to: 'x@y.z' }) },
    });
    dag.task('plain', async () => 1)();
    dag.task('own', async () => 1, {
      retries: 2,
      retryDelay: 1.5,
      queue: 'large',
      executionTimeout: 60,
      waitForDownstream: true,
    })();
    const { tasks, ...rest } = serializeDag(dag);
    expect(rest).toMatchObject({
      catchup: false,
      maxActiveRuns: 16,
      maxActiveTasks: 16,
      email: ['a@b.c'],
      deadline: { seconds: 60, notify: { kind: 'email', to: ['x@y.z'] } },
    });
    expect(tasks[0]).toMatchObject({
      retries: 0,
      retryDelayMs: 300_000,
      pool: 'default_pool',
      queue: 'typescript',
      triggerRule: 'all_success',
      weightRule: 'downstream',
      priorityWeight: 1,
    });
    expect(tasks[1]).toMatchObject({
      retries: 2,
      retryDelayMs: 1_500,
      queue: 'large',
      executionTimeoutMs: 60_000,
      dependsOnPast: true,
    });
  });

  it('keeps ids as written in a group without a prefix', () => {
    const dag = new Dag('d');
    const group = dag.taskGroup('g', { prefixGroupId: false, tooltip: 'hint' });
    group.task('a', async () => 1)();
    group.taskGroup('h').task('b', async () => 1)();
    const { tasks, groups } = serializeDag(dag);
    expect(tasks.map(({ taskId, groupId }) => [taskId, groupId])).toEqual([
      ['a', 'g'],
      ['h.b', 'h'],
    ]);
    expect(groups).toMatchObject([
      { groupId: 'g', tooltip: 'hint' },
      { groupId: 'h', parentId: 'g' },
    ]);
  });

  it('names a task by its handler, and takes inputs by position when asked', () => {
    const dag = new Dag('d');
    const extract = dag.task(async function extract() {
      return 1;
    });
    const load = dag.task(
      'load',
      async ({ rows, region: where = 'us' }: { rows: number; region?: string }) => rows + where,
    );
    load(withArgList(extract(), 'eu'));
    const listed = dag.task(
      'listed',
      async ({ all = [{ a: 1 }, { a: 2 }], last }: { all: unknown[]; last: number }) => [all, last],
    );
    listed(withArgList([], 2));
    expect(serializeDag(dag).tasks.map(({ inputs }) => inputs)).toEqual([
      {},
      { rows: { ref: 'extract' }, region: { literal: 'eu' } },
      { all: { literal: [] }, last: { literal: 2 } },
    ]);
  });

  it('tells a branch its sides, and a short circuit what lies below', () => {
    const dag = new Dag('d');
    const [a, b, c] = [place(dag, 'a'), place(dag, 'b'), place(dag, 'c')];
    dag
      .if(dag.task('gate', async () => true)())
      .then(a)
      .else(b);
    c.after(a);
    dag.shortCircuit('stop', async () => true).before(a);
    const tasks = Object.fromEntries(serializeDag(dag).tasks.map((task) => [task.taskId, task]));
    expect(tasks['gate']).toMatchObject({
      branches: ['a', 'b'],
      options: { branch: { kind: 'if', chosen: ['a'], otherwise: ['b'] } },
    });
    expect(tasks['stop']?.options).toMatchObject({ downstream: ['a', 'c'], ignoreDownstreamTriggerRules: true });
  });

  it('writes mapped groups and their arguments', () => {
    const dag = new Dag('d');
    const tables = dag.task('tables', async () => ['a'])();
    dag.mappedGroup('per', { table: tables }, (group, { table }) => {
      group.task('load', async (_: { table: string }) => 1)({ table });
    });
    const { tasks, groups } = serializeDag(dag);
    expect(groups[0]).toMatchObject({
      groupId: 'per',
      expand: { kind: 'product', over: { table: { ref: 'tables' } } },
    });
    expect(tasks[1]).toMatchObject({ inputs: { table: { mapped: 'per', name: 'table' } }, upstream: ['tables'] });
  });
});
