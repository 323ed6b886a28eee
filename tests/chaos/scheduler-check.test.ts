import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { checkScheduler, readRemains, type SchedulerEvidence } from './scheduler-check.js';
import type { WitnessLine } from './witness.js';

/**
 * A check that never failed proves nothing. Here is a small world in which everything holds, and one plant for each thing
 * that may go wrong in it: the check that is named must find it, and no other may.
 */
let folder: string;
let store: Database.Database;
let evidence: SchedulerEvidence;

/** run 1 was cut off by a crash in `many`; run 2 was cleared; each handed over to a child. */
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'millrace-check-'));
  const storePath = join(folder, 'millrace.db');
  store = new Database(storePath);
  store.exec(`
    create table dag_run (id integer primary key, dag_id, run_id, run_type, state, logical_date, note, parent_dag_run_id);
    create table task_instance (dag_run_id, dag_id, task_id, map_index, state, try_number, error, ended_at);
    create table email (message_id, state);
    insert into dag_run values
      (1, 'work', 'r1', 'manual', 'success', null, 'a note', null), (2, 'work', 'r2', 'manual', 'success', null, null, null),
      (3, 'child', 'c1', 'manual', 'success', null, null, 1), (4, 'child', 'c2', 'manual', 'success', null, null, 2),
      (5, 'child', 'c3', 'manual', 'success', null, null, 2),
      (6, 'tick', 's1', 'scheduled', 'success', 1000, null, null), (7, 'tick', 's2', 'scheduled', 'success', 2000, null, null),
      (8, 'tick', 's3', 'scheduled', 'success', 3000, null, null), (9, 'mail', 'm1', 'manual', 'failed', null, null, null);
    insert into task_instance values
      (1, 'work', 'first', -1, 'success', 1, null, 10), (1, 'work', 'many', 0, 'success', 1, null, 40),
      (1, 'work', 'hand_over', -1, 'success', 1, null, 20),
      (2, 'work', 'first', -1, 'success', 2, null, 60), (2, 'work', 'hand_over', -1, 'success', 2, null, 70),
      (9, 'mail', 'fails', -1, 'failed', 1, 'as it must', 80);
    insert into email values ('<m@x>', 'sent');`);
  const lines = [
    ...attempt('r1', 'first', -1, 'a', 1, 10),
    ...attempt('r1', 'many', 0, 'b', 12, 14).slice(0, 2),
    ...attempt('r1', 'many', 0, 'c', 31, 40),
    ...attempt('r2', 'first', -1, 'd', 2, 8),
    ...attempt('r2', 'first', -1, 'e', 52, 60),
    ...attempt('m1', 'fails', -1, 'f', 75, 76, 'mail').slice(0, 1),
  ];
  evidence = {
    storePath,
    taskLogFolder: join(folder, 'tasks'),
    logsMayLack: false,
    lines,
    ledger: {
      runs: new Map([
        ['r1', { dagId: 'work', acknowledged: true }],
        ['r2', { dagId: 'work', acknowledged: true }],
        ['m1', { dagId: 'mail', acknowledged: true }],
        ['r3', { dagId: 'work', acknowledged: false }],
      ]),
      notes: new Map([['r1', { note: 'a note', acknowledged: true }]]),
      clears: new Map([['r2', { askedAt: 50, acknowledged: true }]]),
    },
    remains: [
      {
        at: 20,
        integrity: 'ok',
        finished: new Map([
          ['work r1 first', 'success try 1 ended 10'],
          ['work r2 first', 'success try 1 ended 8'],
        ]),
      },
    ],
    messageIds: ['<m@x>', '<m@x>'],
    crashes: 1,
  };
  for (const one of lines) {
    const path = join(evidence.taskLogFolder, one.dag, one.run, `${one.task}.${one.map}.${one.try}.log`);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, `2026-01-01T00:00:00.000Z INFO witness ${one.attempt} ${one.n}\n`, { flag: 'a' });
  }
});

afterEach(() => {
  store.close();
  rmSync(folder, { recursive: true, force: true });
});

function attempt(
  run: string,
  task: string,
  map: number,
  name: string,
  from: number,
  to: number,
  dag = 'work',
): WitnessLine[] {
  const line = (n: number, at: number, what: WitnessLine['what']): WitnessLine => ({
    at,
    dag,
    run,
    task,
    map,
    try: 1,
    attempt: name,
    n,
    what,
  });
  return [line(1, from, 'start'), line(2, (from + to) / 2, 'tick'), line(3, to, 'end')];
}

function broken(): string[] {
  return checkScheduler(evidence)
    .filter(({ faults }) => faults.length > 0)
    .map(({ name }) => name);
}

it('finds nothing in a world in which everything holds', () => {
  expect(broken()).toEqual([]);
});

const ended = 'everything that began has ended';
const once = 'each run that was accepted is there once';
const kept = 'writes that were accepted are kept';
const children = 'a task that triggers a run triggers one';
const alone = 'a task instance has one live attempt';
const stays = 'what was finished stays finished';
const logs = 'every line that was printed is in its log';
const ticks = 'a schedule has no gap and no double';
const mails = 'each mail arrives under its one Message-ID';
const sound = 'the metadata database is sound';

const plants: [what: string, check: string, plant: () => unknown][] = [
  ['a run that never ends', ended, () => store.exec(`update dag_run set state = 'running' where id = 1`)],
  [
    'a task instance that is running for ever',
    ended,
    () => store.exec(`update task_instance set state = 'running' where task_id = 'many'`),
  ],
  [
    'a task instance that nobody decided on',
    ended,
    () => store.exec(`insert into task_instance values (1, 'work', 'last', -1, null, 0, null, null)`),
  ],
  [
    'a task that failed through no fault of its own',
    ended,
    () => store.exec(`update task_instance set state = 'failed', error = 'killed' where task_id = 'many'`),
  ],
  [
    'a task that is said to have succeeded and never ran',
    ended,
    () => store.exec(`insert into task_instance values (1, 'work', 'last', -1, 'success', 1, null, 9)`),
  ],
  [
    'a run that was accepted and is gone',
    once,
    () => evidence.ledger.runs.set('r4', { dagId: 'work', acknowledged: true }),
  ],
  [
    'a run that is there twice',
    once,
    () => store.exec(`insert into dag_run values (10, 'work', 'r1', 'manual', 'success', null, 'a note', null)`),
  ],
  [
    'a run that nobody asked for',
    once,
    () => store.exec(`insert into dag_run values (10, 'work', 'r9', 'manual', 'success', null, null, null)`),
  ],
  ['a note that is gone', kept, () => store.exec('update dag_run set note = null')],
  [
    'a clear that was accepted and did nothing',
    kept,
    () => Object.assign(evidence, { lines: evidence.lines.filter(({ attempt: name }) => name !== 'e') }),
  ],
  [
    'a second child run',
    children,
    () => store.exec(`insert into dag_run values (10, 'child', 'c9', 'manual', 'success', null, null, 1)`),
  ],
  ['a child run that was never made', children, () => store.exec('delete from dag_run where id = 3')],
  [
    'two attempts at the same time',
    alone,
    () => evidence.lines.push({ ...(evidence.lines[4] as WitnessLine), at: 33 }),
  ],
  [
    'finished work that changed',
    stays,
    () => store.exec(`update task_instance set ended_at = 11 where dag_run_id = 1 and task_id = 'first'`),
  ],
  [
    'finished work that is gone',
    stays,
    () => store.exec(`delete from task_instance where dag_run_id = 1 and task_id = 'first'`),
  ],
  [
    'finished work that was done again',
    stays,
    () => evidence.lines.push({ ...(evidence.lines[0] as WitnessLine), at: 90 }),
  ],
  [
    'a line that is not in the log',
    logs,
    () => evidence.lines.push({ ...(evidence.lines.at(-1) as WitnessLine), n: 2, at: 77, what: 'tick' }),
  ],
  [
    'a log whose lines are out of order',
    logs,
    () => writeFileSync(join(evidence.taskLogFolder, 'mail/m1/fails.-1.1.log'), 'INFO witness f 2\nINFO witness f 1\n'),
  ],
  [
    'a log in the place of another task',
    logs,
    () => {
      rmSync(join(evidence.taskLogFolder, 'mail/m1/fails.-1.1.log'));
      writeFileSync(join(evidence.taskLogFolder, 'mail/m1/other.-1.1.log'), 'INFO witness f 1\n');
    },
  ],
  ['a second that was left out', ticks, () => store.exec('delete from dag_run where id = 7')],
  [
    'a second that came twice',
    ticks,
    () => store.exec(`insert into dag_run values (10, 'tick', 's4', 'scheduled', 'success', 3000, null, null)`),
  ],
  ['a mail that never arrived', mails, () => Object.assign(evidence, { messageIds: [] })],
  ['a mail that waits for ever', mails, () => store.exec(`update email set state = 'waiting'`)],
  ['a mail under another Message-ID', mails, () => void evidence.messageIds.push('<other@x>')],
  ['a mail that arrives again without a crash', mails, () => Object.assign(evidence, { crashes: 0 })],
  [
    'a damaged database',
    sound,
    () => Object.assign(evidence.remains[0] as object, { integrity: 'row 3 missing from index' }),
  ],
];

it.each(plants)('finds %s', (_what, check, plant) => {
  plant();
  expect(broken()).toEqual([check]);
});

it('lets a log lack lines after a full disk, but not have them out of order', () => {
  evidence.logsMayLack = true;
  const path = join(evidence.taskLogFolder, 'work/r1/first.-1.1.log');
  writeFileSync(path, 'INFO witness a 1\nINFO witness a 3\n');
  expect(broken()).toEqual([]);
  writeFileSync(path, 'INFO witness a 3\nINFO witness a 1\n');
  expect(broken()).toEqual([logs]);
});

it('reads what a dead server left without touching it', () => {
  store.pragma('journal_mode = wal');
  store.exec(`insert into task_instance values (2, 'work', 'many', 0, 'success', 1, null, 5)`);
  const remains = readRemains(evidence.storePath, join(folder, 'copy.db'), 7);
  expect(remains).toMatchObject({ at: 7, integrity: 'ok' });
  expect(remains.finished.get('work r2 many[0]')).toBe('success try 1 ended 5');
});
