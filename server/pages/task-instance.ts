import { dagRunById } from '../../scheduler/store/queries/dag-runs.js';
import { listEvents } from '../../scheduler/store/queries/event-log.js';
import { countTaskInstances } from '../../scheduler/store/queries/task-instances.js';
import { xcomsOf } from '../../scheduler/store/queries/xcoms.js';
import { sql as highlightSql } from '../code/highlight.js';
import { allDownstream } from '../dag-structure.js';
import type { AppDeps } from '../deps.js';
import { eventsOf } from '../events-of.js';
import { loadLogView } from '../logs/log-view.js';
import type { Page, PageRequest } from '../page.js';
import { urls } from '../urls.js';
import { loadDag, loadRun, loadTaskInstance, loadVersion, readOne } from './load-dag.js';
import { taskFacts } from './panel.js';
import { ofRun } from './run-head.js';
import { sqlResults } from './sql-results.js';

const xcomCharsMax = 20_000;
const eventsMax = 200;

export const taskTabs = [
  { id: 'logs', label: 'Logs' },
  { id: 'sql', label: 'SQL' },
  { id: 'result', label: 'Result' },
  { id: 'xcom', label: 'XCom' },
  { id: 'rendered', label: 'Rendered' },
  { id: 'tries', label: 'Tries' },
  { id: 'why', label: 'Why' },
  { id: 'events', label: 'Events' },
  { id: 'details', label: 'Details' },
] as const;
export type TaskTab = (typeof taskTabs)[number]['id'];

type Loader = (request: PageRequest, deps: AppDeps, head: TaskHead) => Promise<object>;

const loaders: Record<TaskTab, Loader> = {
  logs: (request, deps, head) => loadLogView(request, deps, head),
  sql: async (_request, _deps, head) => ({
    sql: head.sql.map(({ name, text }) => ({ name, code: highlightSql(text), text })),
  }),
  result: async () => ({}),
  xcom: async (_request, deps, { run, instance }) => ({
    xcoms: (await deps.store.read(xcomsOf(run.id, instance.task_id, instance.map_index, xcomCharsMax))).map((row) => ({
      ...row,
      value_json: deps.masker.mask(row.value_json),
    })),
  }),
  rendered: async () => ({}),
  tries: async () => ({}),
  why: async (_request, deps, { run, instance }) => ({
    explanation: await deps.explain({
      dagId: run.dag_id,
      runId: run.run_id,
      taskId: instance.task_id,
      mapIndex: instance.map_index,
    }),
  }),
  events: async (_request, deps, { run, instance }) => ({
    events: await eventsOf(
      deps,
      listEvents({ dagId: run.dag_id, runId: run.run_id, taskId: instance.task_id }, { limit: eventsMax, offset: 0 }),
    ),
  }),
  details: async () => ({}),
};

/** One task instance; each tab is an address of its own, and the logs are the page itself. */
export const taskPages: Page[] = taskTabs.map(({ id }) => ({
  path: `/dags/:dagId/runs/:runId/tasks/:taskId${id === 'logs' ? '' : `/${id}`}`,
  async load(request, deps) {
    const head = await loadTaskHead(request, deps, id);
    const { dag, run, instance, task } = head;
    return {
      template: `task-${id}`,
      title: `${instance.task_id}, ${dag.display_name}`,
      section: 'dags',
      crumbs: [
        { label: 'DAGs', href: '/dags' },
        { label: dag.display_name, href: urls.dag(dag.dag_id) },
        { label: request.format.near(run.run_after, request.now), href: urls.run(run.dag_id, run.run_id) },
        { label: task?.displayName ?? instance.task_id },
      ],
      flush: true,
      concerns: ofRun(run.dag_id, run.run_id),
      view: { ...head, ...(await loaders[id](request, deps, head)) },
    };
  },
}));

export type TaskHead = Awaited<ReturnType<typeof loadTaskHead>>;

/** What stands over every tab of a task instance's page. */
export async function loadTaskHead(request: PageRequest, deps: AppDeps, tab: TaskTab) {
  const dagId = request.params['dagId'] as string;
  const taskId = request.params['taskId'] as string;
  const [dag, run] = await Promise.all([loadDag(deps, dagId), loadRun(deps, dagId, request.params['runId'] as string)]);
  const mapIndex = Number.parseInt(request.query.get('map') ?? '-1', 10);
  const mappedTotal = (await readOne(deps, countTaskInstances({ dagRunId: run.id, taskId })))?.total ?? 0;
  const [version, instance] = await Promise.all([
    loadVersion(deps, run.dag_version_id),
    loadTaskInstance(deps, run, taskId, Number.isNaN(mapIndex) ? -1 : await firstIndex(deps, run, taskId, mapIndex)),
  ]);
  const facts = await taskFacts(request, deps, run.run_id, instance);
  const task = version.dag.tasks.find((candidate) => candidate.taskId === taskId);
  const shownTry = facts.details.find((row) => row.tryNumber === Number(request.query.get('try'))) ?? facts.details[0];
  const nodes = sqlResults(shownTry?.details);
  const sql = sqlTexts({ ...shownTry?.rendered, ...shownTry?.details });
  return {
    dag,
    run,
    version,
    task,
    mappedTotal,
    ...facts,
    shown: shownTry,
    sql,
    nodes,
    waiting: task ? [...allDownstream(version.dag.tasks, taskId)] : [],
    parent: run.parent_dag_run_id === null ? undefined : await readOne(deps, dagRunById(run.parent_dag_run_id)),
    tab,
    tabs: taskTabs
      .filter(({ id }) => id !== 'sql' || sql.length > 0 || nodes.length > 0)
      // What a node of a SQL project came to stands with its SQL.
      .filter(({ id }) => id !== 'result' || (nodes.length === 0 && hasResult(shownTry?.details))),
    key: { dagId, runId: run.run_id, taskId, mapIndex: instance.map_index },
  };
}

/** A mapped task has no instance -1: its page without `?map=` shows the first. */
async function firstIndex(deps: AppDeps, run: { id: number }, taskId: string, asked: number): Promise<number> {
  if (asked >= 0) return asked;
  const plain = await readOne(deps, countTaskInstances({ dagRunId: run.id, taskId, mapIndex: -1 }));
  return (plain?.total ?? 0) > 0 ? -1 : 0;
}

function hasResult(details: Record<string, unknown> | undefined): boolean {
  return details !== undefined && Object.keys(details).length > 0;
}

/** Texts that are SQL, by their name: what was compiled first. */
function sqlTexts(fields: Record<string, unknown>): { name: string; text: string }[] {
  const order = ['compiled_sql', 'compiledSql', 'sql', 'failing_rows_sql', 'failingRowsSql'];
  return Object.entries(fields)
    .filter(
      (entry): entry is [string, string] => typeof entry[1] === 'string' && /sql$/i.test(entry[0]) && entry[1] !== '',
    )
    .sort(([a], [b]) => ((order.indexOf(a) + 99) % 99) - ((order.indexOf(b) + 99) % 99))
    .map(([name, text]) => ({
      name: (name === 'sql' ? 'SQL as it ran' : name).replace(/_/g, ' ').replace(/([a-z])([A-Z])/g, '$1 $2'),
      text,
    }));
}
