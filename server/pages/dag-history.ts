import { utcDate } from '../../kernel/time.js';
import { finishedRuns, runCountsByDay } from '../../scheduler/store/queries/dag-runs.js';
import { taskDurations } from '../../scheduler/store/queries/task-instances.js';
import { type CalendarDay, calendarChart, durationBars } from '../charts/calendar.js';
import { sparkline } from '../charts/sparkline.js';
import { topologicalOrder } from '../dag-structure.js';
import type { Page } from '../page.js';
import { durationOf, usual } from '../statistics.js';
import { urls } from '../urls.js';
import { dagCrumbs, loadDagHead } from './dag-head.js';

const dayMs = 86_400_000;
const weeksShown = 52;
const runsShown = 60;
const runsForTasks = 30;

/** A year of runs by day. */
export const dagCalendar: Page = {
  path: '/dags/:dagId/calendar',
  async load(request, deps) {
    const head = await loadDagHead(request, deps, 'calendar');
    const today = Math.floor(request.now / dayMs) * dayMs;
    const from = today - (weeksShown - 2) * 7 * dayMs;
    const to = today + 7 * dayMs;
    const rows = await deps.store.read(runCountsByDay(head.dag.dag_id, from, to));
    const days = new Map<number, CalendarDay>();
    const dayOf = (at: number) => {
      const day = days.get(at) ?? { at, success: 0, failed: 0, live: 0, planned: 0 };
      days.set(at, day);
      return day;
    };
    for (const row of rows)
      dayOf(row.day * dayMs)[row.state === 'success' || row.state === 'failed' ? row.state : 'live'] += row.total;
    if (head.dag.next_run_after !== null) dayOf(Math.floor(head.dag.next_run_after / dayMs) * dayMs).planned += 1;
    const href = (at: number) => urls.withQuery('/runs', { q: head.dag.dag_id, day: utcDate(at) });
    return {
      template: 'dag-calendar',
      title: `${head.dag.display_name}: calendar`,
      section: 'dags',
      crumbs: dagCrumbs(head.dag),
      flush: true,
      concerns: (event) => event.kind === 'dag_run' && event.dagId === head.dag.dag_id,
      view: { ...head, chart: calendarChart([...days.values()], { from, to, format: request.format, href }) },
    };
  },
};

/** How long the runs and each task take, and whether that changes. */
export const dagDurations: Page = {
  path: '/dags/:dagId/durations',
  async load(request, deps) {
    const head = await loadDagHead(request, deps, 'durations');
    const dagId = head.dag.dag_id;
    const [runs, tasks] = await Promise.all([
      deps.store.read(finishedRuns(dagId, runsShown)),
      deps.store.read(taskDurations(dagId, runsForTasks)),
    ]);
    const order = topologicalOrder(head.version?.dag.tasks ?? []);
    const byTask = new Map<string, (number | null)[]>(order.map((id) => [id, []]));
    for (const row of tasks) byTask.get(row.task_id)?.push(row.took);
    const bars = [...runs].reverse().map((run) => ({
      at: run.run_after,
      tookMs: durationOf(run) ?? 0,
      waitMs: run.started_at !== null && run.queued_at !== null ? Math.max(0, run.started_at - run.queued_at) : 0,
      state: run.state,
      href: urls.run(dagId, run.run_id),
    }));
    return {
      template: 'dag-durations',
      title: `${head.dag.display_name}: durations`,
      section: 'dags',
      crumbs: dagCrumbs(head.dag),
      flush: true,
      view: {
        ...head,
        runsShown: bars.length,
        chart: durationBars(bars, { format: request.format, median: head.normal.median, height: 220 }),
        tasks: [...byTask]
          .map(([taskId, took]) => taskRow(taskId, took))
          .sort((a, b) => (b.normal.median ?? 0) - (a.normal.median ?? 0)),
      },
    };
  },
};

function taskRow(taskId: string, took: (number | null)[]) {
  const known = took.filter((ms) => ms !== null);
  const normal = usual(known);
  const last = known.at(-1) ?? null;
  return {
    taskId,
    last,
    normal,
    change: last === null || !normal.median ? null : last / normal.median - 1,
    slow: last !== null && normal.slowFrom !== null && last > normal.slowFrom,
    spark: sparkline(took),
  };
}
