import { detailsOfRun, listTaskInstances, type TaskInstanceRow } from '../../scheduler/store/queries/task-instances.js';
import { taskIcon, topologicalOrder } from '../dag-structure.js';
import { parseObject } from '../deps.js';
import { graphView } from '../graph/graph-view.js';
import type { Page } from '../page.js';
import { loudStates } from '../states.js';
import { urls } from '../urls.js';
import { loadRunHead, ofRun, runCrumbs } from './run-head.js';

const instancesMax = 2000;

/** One run: what failed and what runs first, then every task instance with its times and results. */
export const dagRun: Page = {
  path: '/dags/:dagId/runs/:runId',
  async load(request, deps) {
    const head = await loadRunHead(request, deps, 'tasks');
    const [instances, details] = await Promise.all([
      deps.store.read(listTaskInstances({ dagRunId: head.run.id }, [], { limit: instancesMax, offset: 0 })),
      deps.store.read(detailsOfRun(head.run.id, instancesMax)),
    ]);
    const rank = new Map(topologicalOrder(head.version.dag.tasks).map((id, index) => [id, index]));
    const tasks = new Map(head.version.dag.tasks.map((task) => [task.taskId, task]));
    const results = new Map(details.map((row) => [`${row.task_id}\0${row.map_index}`, parseObject(row.details_json)]));
    const attention = (row: TaskInstanceRow) => (loudStates.has(row.state) ? 0 : row.state === 'running' ? 1 : 2);
    const sorted = [...instances].sort(
      (a, b) =>
        attention(a) - attention(b) ||
        (rank.get(a.task_id) ?? 0) - (rank.get(b.task_id) ?? 0) ||
        a.map_index - b.map_index,
    );
    return {
      template: 'run',
      title: `${head.dag.display_name}, run ${request.format.near(head.run.run_after, request.now)}`,
      section: 'dags',
      crumbs: runCrumbs(request, head.dag, head.run),
      flush: true,
      concerns: ofRun(head.run.dag_id, head.run.run_id),
      view: {
        ...head,
        cut: instances.length === instancesMax,
        instances: sorted.map((row) => {
          const task = tasks.get(row.task_id);
          return {
            ...row,
            icon: task ? taskIcon(task) : 'code',
            kindLabel: task?.kindLabel ?? task?.operator ?? row.operator,
            result: resultWords(results.get(`${row.task_id}\0${row.map_index}`) ?? {}),
          };
        }),
      },
    };
  },
};

/** The run's own graph, as its version drew it. */
export const dagRunGraph: Page = {
  path: '/dags/:dagId/runs/:runId/graph',
  async load(request, deps) {
    const head = await loadRunHead(request, deps, 'graph');
    const { dag_id: dagId, run_id: runId } = head.run;
    return {
      template: 'run-graph',
      title: `${head.dag.display_name}: graph of run`,
      section: 'dags',
      crumbs: runCrumbs(request, head.dag, head.run),
      flush: true,
      concerns: ofRun(dagId, runId),
      view: {
        ...head,
        graph: await graphView(request, deps, {
          dag: head.version.dag,
          runRowId: head.run.id,
          focus: null,
          href: (id) =>
            head.version.dag.tasks.some((task) => task.taskId === id)
              ? urls.task({ dagId, runId, taskId: id })
              : urls.dag(dagId, '', { at: `${head.run.id}.${id}` }),
        }),
      },
    };
  },
};

export const dagRunDetails: Page = {
  path: '/dags/:dagId/runs/:runId/details',
  async load(request, deps) {
    const head = await loadRunHead(request, deps, 'details');
    return {
      template: 'run-details',
      title: `${head.dag.display_name}: details of run`,
      section: 'dags',
      crumbs: runCrumbs(request, head.dag, head.run),
      flush: true,
      concerns: ofRun(head.run.dag_id, head.run.run_id),
      view: head,
    };
  },
};

/** The one or two facts of a task's details that fit a table row. */
export function resultWords(details: Record<string, unknown>): string {
  const words: string[] = [];
  for (const [name, value] of Object.entries(details)) {
    if (words.length >= 2) break;
    if (typeof value === 'number' && /rows|files|failures|count|tests|objects|quarantined/i.test(name)) {
      words.push(
        `${value.toLocaleString('en-US')} ${name
          .replaceAll('_', ' ')
          .replace(/([a-z])([A-Z])/g, '$1 $2')
          .toLowerCase()}`,
      );
    } else if (name === 'message' && typeof value === 'string') words.push(value.slice(0, 80));
  }
  return words.join(', ');
}
