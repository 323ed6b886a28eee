import type { DagRunRow } from '../../scheduler/store/queries/dag-runs.js';
import { gridRuns } from '../../scheduler/store/queries/dag-runs.js';
import { listTaskInstances, triesOfRun } from '../../scheduler/store/queries/task-instances.js';
import { type GanttRow, ganttChart } from '../charts/gantt.js';
import { topologicalOrder } from '../dag-structure.js';
import type { AppDeps } from '../deps.js';
import type { Page, PageRequest } from '../page.js';
import { urls } from '../urls.js';
import { selectionOf } from './dag-grid.js';
import { dagCrumbs, loadDagHead } from './dag-head.js';
import { loadVersion } from './load-dag.js';
import { loadRunHead, ofRun, runCrumbs } from './run-head.js';

const rowsMax = 1000;
const runsOffered = 25;

/** The latest run of a DAG on a time axis, or the one chosen with `?at=`. */
export const dagGantt: Page = {
  path: '/dags/:dagId/gantt',
  async load(request, deps) {
    const head = await loadDagHead(request, deps, 'gantt');
    const runs = await deps.store.read(gridRuns(head.dag.dag_id, {}, runsOffered));
    const chosen = selectionOf(request, runs)?.runRowId;
    const run = runs.find((candidate) => candidate.id === chosen) ?? runs[0];
    return {
      template: 'dag-gantt',
      title: `${head.dag.display_name}: gantt`,
      section: 'dags',
      crumbs: dagCrumbs(head.dag),
      flush: true,
      concerns: (event) => 'runId' in event && event.dagId === head.dag.dag_id,
      refreshMs: 5000,
      view: { ...head, runs, run, gantt: run ? await gantt(request, deps, run) : undefined },
    };
  },
};

export const dagRunGantt: Page = {
  path: '/dags/:dagId/runs/:runId/gantt',
  async load(request, deps) {
    const head = await loadRunHead(request, deps, 'gantt');
    return {
      template: 'run-gantt',
      title: `${head.dag.display_name}: gantt of run`,
      section: 'dags',
      crumbs: runCrumbs(request, head.dag, head.run),
      flush: true,
      concerns: ofRun(head.run.dag_id, head.run.run_id),
      refreshMs: 5000,
      view: { ...head, gantt: await gantt(request, deps, head.run) },
    };
  },
};

async function gantt(request: PageRequest, deps: AppDeps, run: DagRunRow) {
  const [version, instances, earlier] = await Promise.all([
    loadVersion(deps, run.dag_version_id),
    deps.store.read(listTaskInstances({ dagRunId: run.id }, [], { limit: rowsMax, offset: 0 })),
    deps.store.read(triesOfRun(run.id, rowsMax)),
  ]);
  const rank = new Map(topologicalOrder(version.dag.tasks).map((id, index) => [id, index]));
  const rows = instances
    .filter((instance) => instance.started_at !== null)
    .sort(
      (a, b) => (a.started_at ?? 0) - (b.started_at ?? 0) || (rank.get(a.task_id) ?? 0) - (rank.get(b.task_id) ?? 0),
    )
    .map((instance): GanttRow => {
      const tries = [
        ...earlier.filter((row) => row.task_instance_id === instance.id && row.try_number < instance.try_number),
        instance,
      ];
      const name =
        instance.map_index < 0
          ? instance.task_id
          : `${instance.task_id} ${instance.rendered_map_index ?? `[${instance.map_index}]`}`;
      return {
        label: name,
        title: name,
        depth: 0,
        href: urls.task({
          dagId: run.dag_id,
          runId: run.run_id,
          taskId: instance.task_id,
          mapIndex: instance.map_index,
        }),
        bars: tries.flatMap((item) =>
          item.started_at === null
            ? []
            : [
                {
                  state: item.state ?? 'none',
                  queuedAt: item.queued_at,
                  startedAt: item.started_at,
                  endedAt: item.ended_at,
                  tryNumber: item.try_number,
                },
              ],
        ),
      };
    });
  const bars = rows.flatMap((row) => row.bars);
  if (bars.length === 0) return undefined;
  const from = Math.min(
    run.started_at ?? Number.POSITIVE_INFINITY,
    ...bars.map((bar) => bar.queuedAt ?? bar.startedAt),
  );
  const to = Math.max(...bars.map((bar) => bar.endedAt ?? request.now));
  return ganttChart(rows, { from, to, now: request.now, format: request.format });
}
