import {
  Asset,
  type Branch,
  type Condition,
  Dag,
  getClient,
  getContext,
  type JsonValue,
  type Ref,
  type TaskFactory,
  type TaskGroupRef,
  type TaskInput,
  type TaskOptions,
  type TaskRef,
  withArgList,
  withArgNames,
  zip,
} from 'millrace';
import { approval, type HITLResult, type HITLText, hitl } from 'millrace/hitl';
import { z } from 'zod';

/** What the compiler must accept, and what it must refuse: tsc checks this file, nothing runs it. */
interface Rows {
  readonly region: string;
  rows: number[];
}

const dag = new Dag('types');
const one = dag.task('one', async () => 1)();
const text = dag.task('text', () => 'a')();
const rows = dag.task('rows', async (): Promise<Rows> => ({ region: 'x', rows: [] }))();
const day = dag.task('day', async () => new Date())();
const load = dag.task('load', async (_: { n: number; region: string; rows?: Rows }) => true);

one satisfies Ref<number>;
rows satisfies Ref<Rows>;
load({ n: one, region: 'eu' }) satisfies Ref<boolean>;
load({ n: 1, region: text, rows });
load({ n: 1, region: 'eu', rows: { region: 'x', rows: [1] } });
// @ts-expect-error an argument is missing
load({ n: one });
// @ts-expect-error a name is misspelled
load({ n: one, regoin: 'eu' });
// @ts-expect-error a literal of the wrong type
load({ n: '1', region: 'eu' });
// @ts-expect-error a task of the wrong type
load({ n: text, region: 'eu' });
// @ts-expect-error arguments are named
load(one, 'eu');
// @ts-expect-error a ref inside an object is no input
load({ n: 1, region: 'eu', rows: { region: text, rows: [] } });

const listed = dag.task('listed', async (_: { n: number; region: string }) => true);
listed(withArgList(one, 'eu')) satisfies Ref<boolean>;
// @ts-expect-error no argument takes a boolean
listed(withArgList(one, true));
// @ts-expect-error no argument takes rows
listed(withArgList(rows, 'eu'));
// @ts-expect-error JSON cannot carry a Date
listed(withArgList(new Date(), 'eu'));
withArgNames({ n: 'count' }, async (_: { n: number }) => 1);
// @ts-expect-error the handler has no such argument
withArgNames({ m: 'count' }, async (_: { n: number }) => 1);

const dated = dag.task('dated', async ({ at }: { at: Date; call?: () => void }) => at);
dated({ at: day });
// @ts-expect-error JSON cannot carry a Date
dated({ at: new Date() });
// @ts-expect-error JSON cannot carry a function
dated({ at: day, call: () => {} });

const free = dag.task('free', async () => 1);
free() satisfies Ref<number>;
// @ts-expect-error the handler takes no arguments
free({ n: 1 });
const optional = dag.task('optional', async (_: { n?: number }) => 1);
optional();
optional({ n: 2 });

const keys = dag.task('keys', async () => ['a', 'b'])();
const copy = dag.task('copy', async (_: { bucket: string; key: string }) => 42);
copy.partial({ bucket: 'raw' }).expand({ key: keys }) satisfies Ref<number[]>;
copy.partial({ bucket: text }).expand({ key: ['a', 'b'] });
copy.expand({ bucket: ['x'], key: keys });
copy.expandKwargs([{ bucket: 'x', key: 'y' }]);
copy.expandKwargs(zip({ bucket: ['x'], key: keys }));
// @ts-expect-error what is mapped is a list
copy.partial({ bucket: 'raw' }).expand({ key: text });
// @ts-expect-error one argument is neither fixed nor mapped
copy.expand({ key: keys });
// @ts-expect-error there is no such argument
copy.partial({ buckets: 'raw' });

dag.mappedGroup('each', { table: keys, n: [1, 2] }, (group, { table, n }) => {
  table satisfies Ref<string>;
  n satisfies Ref<number>;
  group.task('use', async (_: { table: string; n: number }) => 1)({ table, n });
  // @ts-expect-error the element is a string
  group.task('bad', async (_: { table: number }) => 1)({ table });
});

dag
  .if(load({ n: 1, region: 'x' }))
  .then(one)
  .else(text);
// @ts-expect-error a condition returns a boolean
dag.if(one);
const chooser = dag.task('chooser', async () => (Math.random() > 0.5 ? one : text))();
dag.switch(chooser).case(one).case(text);
// @ts-expect-error a chooser returns tasks
dag.switch(one);
dag.switch(dag.task('several', async () => [one, text])(), { multiple: true }).case(one);

const group: TaskGroupRef = dag.taskGroup('group');
const member: TaskRef<string> = group.task('member', async () => 'x')();
group.before(member).after(one) satisfies TaskGroupRef;
one.before(text, group).after(rows) satisfies Ref<number>;
// @ts-expect-error an edge leads to a node
one.before('text');
dag.switch(dag.task('of_groups', async () => (Math.random() > 0.5 ? group : one))()).case(group) satisfies Branch;
dag.if(load({ n: 1, region: 'x' })) satisfies Condition;
dag.task('factory', async (_: { n: number }) => 1) satisfies TaskFactory<{ n: number }, number>;
({ retries: 2, triggerRule: 'all_done' }) satisfies TaskOptions;
const input: TaskInput<number> = one;
load({ n: input, region: 'x' });
// @ts-expect-error the id is given once, in the spec or before the handler
dag.task('id', { taskId: 'other' });
// @ts-expect-error times are seconds
dag.task('timed', async () => 1, { executionTimeout: '5m' });

const gate = dag.task('gate', approval({ subject: ({ report }: { report: Rows }) => report.region }))({ report: rows });
gate satisfies Ref<HITLResult>;
// @ts-expect-error the subject needs the report
dag.task('gate2', approval({ subject: ({ report }: { report: Rows }) => report.region }))({ report: one });

dag.task(
  'both',
  hitl({
    subject: ({ a }: { a: number }) => `${a}`,
    body: async ({ b }: { b: string }) => (b === '' ? null : b),
    options: ['x'] as const,
    defaults: ['x'],
  }),
)({ a: one, b: text }) satisfies Ref<HITLResult>;
const half = hitl({ subject: ({ a }: { a: number }) => `${a}`, body: ({ b }: { b: string }) => b, options: ['x'] });
// @ts-expect-error the body needs its argument as well
dag.task('half', half)({ a: one });
// @ts-expect-error there are two answers to an approval
approval({ subject: 's', defaults: 'Perhaps' });
const textOf: HITLText<{ n: number }> = async ({ n }) => `${n}`;
textOf satisfies HITLText<{ n: number }>;
dag.task('answered', async ({ answer }: { answer: HITLResult }) => answer.timedout satisfies boolean)({ answer: gate });

dag.task('client', async () => {
  const client = getClient();
  (await client.getVariable('a')) satisfies string | null;
  (await client.getVariableOrThrow('a')) satisfies string;
  // @ts-expect-error a variable is text
  await client.setVariable('a', 1);
  (await client.getXCom<{ count: number }>({ key: 'k', includePriorDates: true })) satisfies { count: number } | null;
  await client.setXCom({ key: 'k', value: { a: [1] } satisfies JsonValue, taskId: 'other' });
  // @ts-expect-error JSON cannot carry a Date
  await client.setXCom({ key: 'k', value: new Date() });
  const store = client.assetStateStore.forAsset(new Asset({ name: 'orders' }));
  (await store.get<string>('seen')) satisfies string | null;
  // @ts-expect-error what is kept of an asset is never null
  await store.set('seen', null);
  client.assetStateStore.forAsset(Asset.ref({ uri: 's3://orders' }));
});

dag.sensor('wait', async () => ({ done: true, value: 'x' }), { mode: 'reschedule' }) satisfies Ref<string>;
dag.shortCircuit('if_new', async ({ n }: { n: number }) => n > 0)({ n: one });
dag.bash('b', { command: 'true', env: { A: 'b' } }, { retries: 2 }) satisfies Ref<string>;
// @ts-expect-error there is no such option
dag.bash('c', { comand: 'true' });
// @ts-expect-error there is no such trigger rule
dag.task('t', async () => 1, { triggerRule: 'some_success' });
// @ts-expect-error there is no such option of a DAG
new Dag('x', { shedule: '@daily' });

const params = z.object({ from: z.iso.date(), limit: z.number().int().default(100) });
new Dag('p', { params });
dag.task('p', async () => {
  const { limit, from } = getContext<typeof params>().params;
  limit satisfies number;
  from satisfies string;
});
