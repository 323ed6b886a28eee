import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { eventsAreInOneObject, mailsArrive, nothingIsLeftUndone, runsAreTriggeredOnce } from './bank-check.js';

/** A check that never failed proves nothing: each is shown what it must find, and what it must let pass. */
let store: Database.Database;

beforeEach(() => {
  store = new Database(':memory:');
  store.exec(`
    create table dag_run (id integer primary key, dag_id, run_id, state, parent_dag_run_id);
    create table task_instance (dag_run_id, dag_id, task_id, state);
    create table email (message_id, state);`);
});

afterEach(() => store.close());

describe('each change event is in one object', () => {
  it('finds an event that stands in two', () => {
    expect(eventsAreInOneObject({ objects: 2, events: ['t 1 0', 't 1 1', 't 2 0'] }).faults).toEqual([]);
    expect(eventsAreInOneObject({ objects: 2, events: ['t 1 0', 't 1 1', 't 1 0'] }).faults).not.toEqual([]);
  });
});

describe('each load that came through triggered one run', () => {
  const child = (id: number, parent: number | null) =>
    store
      .prepare(`insert into dag_run values (?, 'Bank_Data_Transformation', ?, 'success', ?)`)
      .run(id, `c${id}`, parent);
  const load = (id: number) => {
    store.prepare(`insert into dag_run values (?, 'MinIO_S3_to_Warehouse', ?, 'success', null)`).run(id, `p${id}`);
    store.prepare(`insert into task_instance values (?, 'x', 'trigger_transformation', 'success')`).run(id);
  };

  it('lets one run per load pass', () => {
    load(1);
    child(2, 1);
    expect(runsAreTriggeredOnce(store).faults).toEqual([]);
  });

  it('finds a load that triggered none, or two', () => {
    load(1);
    expect(runsAreTriggeredOnce(store).faults).not.toEqual([]);
    child(2, 1);
    child(3, 1);
    expect(runsAreTriggeredOnce(store)).toMatchObject({ faults: ['p1 triggered 2 runs'] });
  });

  it('finds a transformation that nobody triggered', () => {
    child(2, null);
    expect(runsAreTriggeredOnce(store).faults).not.toEqual([]);
  });
});

describe('each mail arrives under its one Message-ID', () => {
  beforeEach(() => store.exec(`insert into email values ('<a@m>', 'sent'), ('<b@m>', 'sent')`));

  it('lets a mail pass that arrived twice', () => {
    expect(mailsArrive(store, ['<a@m>', '<b@m>', '<a@m>'])).toMatchObject({
      faults: [],
      said: '2 mails, 1 of them more than once',
    });
  });

  it.each([
    ['that never arrived', ['<a@m>']],
    ['under another Message-ID', ['<a@m>', '<b@m>', '<c@m>']],
  ])('finds a mail %s', (_what, arrived) => {
    expect(mailsArrive(store, arrived).faults).not.toEqual([]);
  });

  it('finds a mail that still waits', () => {
    store.exec(`update email set state = 'waiting' where message_id = '<b@m>'`);
    expect(mailsArrive(store, ['<a@m>', '<b@m>']).faults).not.toEqual([]);
  });
});

describe('everything that began has ended', () => {
  it('finds a task instance that is running for ever, and a run that is queued', () => {
    store.exec(`insert into dag_run values (1, 'd', 'r', 'success', null)`);
    expect(nothingIsLeftUndone(store)).toMatchObject({ faults: [], said: '1 runs success' });
    store.exec(`insert into task_instance values (1, 'd', 't', 'running')`);
    expect(nothingIsLeftUndone(store).faults).not.toEqual([]);
    store.exec(`delete from task_instance; insert into dag_run values (2, 'd', 'r2', 'queued', null)`);
    expect(nothingIsLeftUndone(store).faults).not.toEqual([]);
  });
});
