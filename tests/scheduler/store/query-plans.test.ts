import { CompiledQuery } from 'kysely';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { StoreDriver } from '../../../scheduler/store/driver.js';
import * as loading from '../../../scheduler/store/loading/load-live.js';
import * as dagRuns from '../../../scheduler/store/queries/dag-runs.js';
import * as dags from '../../../scheduler/store/queries/dags.js';
import * as taskInstances from '../../../scheduler/store/queries/task-instances.js';
import { openSqliteStore } from '../../../scheduler/store/sqlite-driver.js';
import { timetableOf } from '../../../scheduler/timetable/timetable.js';
import { dag } from '../../support/dag-builder.js';

const page = { limit: 50, offset: 0 };
const byId = [{ by: 'id', descending: true }] as const;
const since = Date.UTC(2026, 0, 1);

/** What pages and the API ask as a matter of course. Each must find its rows by an index, however long the history is. */
const questions: [name: string, query: CompiledQuery<unknown>][] = [
  ['runs of a DAG', dagRuns.listDagRuns({ dagId: 'd' }, [...byId], page)],
  ['runs of a DAG, counted', dagRuns.countDagRuns({ dagId: 'd' })],
  ['runs of a DAG by run_after', dagRuns.listDagRuns({ dagId: 'd' }, [{ by: 'run_after', descending: true }], page)],
  [
    'runs of a DAG by logical date',
    dagRuns.listDagRuns({ dagId: 'd' }, [{ by: 'logical_date', descending: true }], page),
  ],
  ['runs that are alive', dagRuns.listDagRuns({ states: ['running'] }, [...byId], page)],
  ['runs that are alive, counted', dagRuns.countDagRuns({ states: ['queued', 'running'] })],
  ['runs that failed', dagRuns.listDagRuns({ states: ['failed'] }, [...byId], page)],
  ['runs that failed, counted', dagRuns.countDagRuns({ states: ['failed'] })],
  ['a run by its id', dagRuns.dagRunByKey('d', 'r')],
  ['runs that one triggered', dagRuns.childRuns(1, 10)],
  ['the columns of the grid', dagRuns.gridRuns('d', {}, 24)],
  ['the latest finished runs', dagRuns.finishedRuns('d', 50)],
  ['outcomes since a time', dagRuns.runOutcomesSince(since)],
  ['outcomes of a DAG since a time', dagRuns.runOutcomesSince(since, 'd')],
  ['runs by day', dagRuns.runCountsByDay('d', since, since + 1)],
  ['live runs', dagRuns.liveRuns(6)],
  ['live runs, counted', dagRuns.countLiveRuns()],
  ['runs between two times', dagRuns.runsBetween(since, since + 1, 100)],
  [
    'task instances of a run',
    taskInstances.listTaskInstances({ dagRunId: 1 }, [{ by: 'map_index', descending: false }], page),
  ],
  ['task instances of a run, counted', taskInstances.countTaskInstances({ dagRunId: 1 })],
  [
    'task instances of a run of a DAG',
    taskInstances.listTaskInstances({ dagId: 'd', dagRunId: 1 }, [{ by: 'map_index', descending: false }], page),
  ],
  ['task instances of a run of a DAG, counted', taskInstances.countTaskInstances({ dagId: 'd', dagRunId: 1 })],
  ['task instances of a DAG', taskInstances.listTaskInstances({ dagId: 'd' }, [{ by: 'id', descending: false }], page)],
  ['task instances of a DAG, counted', taskInstances.countTaskInstances({ dagId: 'd' })],
  [
    'task instances that run',
    taskInstances.listTaskInstances({ states: ['running'] }, [{ by: 'id', descending: false }], page),
  ],
  ['task instances that run, counted', taskInstances.countTaskInstances({ states: ['queued', 'running'] })],
  [
    'task instances that failed',
    taskInstances.listTaskInstances({ states: ['failed'] }, [{ by: 'id', descending: false }], page),
  ],
  ['task instances that failed, counted', taskInstances.countTaskInstances({ states: ['failed'] })],
  ['a task instance by its key', taskInstances.taskInstanceByKey(1, 't', -1)],
  ['the cells of the grid', taskInstances.gridCells([1, 2, 3])],
  ['states of runs', taskInstances.stateCountsOfRuns([1, 2, 3])],
  ['the history of a task', taskInstances.taskHistory('d', 't', -1, 50)],
  ['durations of tasks', taskInstances.taskDurations('d', 50)],
  ['what failed since a time', taskInstances.failedSince(since, 6)],
  ['what failed since a time, counted', taskInstances.countFailedSince(since)],
  ['slots in use', taskInstances.poolUse()],
  ['task instances at work', taskInstances.countActive()],
  ['the tries of a task instance', taskInstances.triesOf(1, 100)],
  ['the latest runs of DAGs', dags.latestRunsOfDags(['d', 'e'], 15)],
];

/** Reads a table that grows with every run from end to end; an index over what lives or what failed alone may be. */
const isFullScan = (step: string) =>
  /^SCAN (r|ti|h|d|dag_run|task_instance|task_instance_history|task_instance_detail)( |$)/.test(step) &&
  !/ INDEX (dag_run_live|dag_run_failed|task_instance_active|task_instance_failed|task_instance_failed_by_id)$/.test(
    step,
  );

describe('with a long history', () => {
  it.each(questions)('finds by an index: %s', async (_name, query) => {
    const steps = await planOf(query);
    expect(steps.filter(isFullScan)).toEqual([]);
    expect(steps.length).toBeGreaterThan(0);
  });

  it('walks from the newest run down, and stops, where all runs are asked for', async () => {
    for (const by of ['id', 'run_after'] as const) {
      const steps = await planOf(dagRuns.listDagRuns({}, [{ by, descending: true }], page));
      expect(steps.filter((step) => step.includes('TEMP B-TREE'))).toEqual([]);
    }
    const steps = await planOf(taskInstances.listTaskInstances({}, [{ by: 'id', descending: false }], page));
    expect(steps.filter((step) => step.includes('TEMP B-TREE'))).toEqual([]);
  });

  it('reads of one run no more than that run', async () => {
    const filter = { dagId: 'd', dagRunId: 1 };
    const list = taskInstances.listTaskInstances(filter, [{ by: 'map_index', descending: false }], page);
    for (const query of [list, taskInstances.countTaskInstances(filter)]) {
      expect((await planOf(query)).filter((step) => step.includes('(dag_run_id=?'))).toHaveLength(1);
    }
  });

  it('finds where a schedule goes on, and how many runs failed in a row, from the newest run down', async () => {
    const asked: CompiledQuery<unknown>[] = [];
    const recorder = {
      read: async (query: CompiledQuery<unknown>) => {
        asked.push(query);
        return [];
      },
    } as unknown as StoreDriver;
    await loading.loadSchedulePlace(recorder, 'd', timetableOf(dag({ dagId: 'd', tasks: [] })));
    await loading.loadFailuresInRow(recorder, 'd', 3);
    expect(asked).toHaveLength(3);
    for (const query of asked) {
      const steps = await planOf(query);
      expect(steps.filter((step) => step.includes('TEMP B-TREE') || isFullScan(step))).toEqual([]);
    }
  });

  it('sees a full scan where there is one', async () => {
    const steps = await planOf(CompiledQuery.raw(`select count(*) from task_instance where operator = 'x'`));
    expect(steps.filter(isFullScan)).toHaveLength(1);
  });
});

async function planOf(query: CompiledQuery<unknown>): Promise<string[]> {
  const store = openSqliteStore(':memory:');
  onTestFinished(() => store.close());
  const explain = CompiledQuery.raw(`explain query plan ${query.sql}`, [...query.parameters]);
  return (await store.read(explain as CompiledQuery<{ detail: string }>)).map((row) => row.detail);
}
