import type { SchedulerEvent } from '../../scheduler/model/events.js';
import { childRuns, type DagRunRow, dagRunById, finishedRuns } from '../../scheduler/store/queries/dag-runs.js';
import { countEmails } from '../../scheduler/store/queries/emails.js';
import { stateCountsOfRuns } from '../../scheduler/store/queries/task-instances.js';
import { type AppDeps, parseObject } from '../deps.js';
import type { PageRequest } from '../page.js';
import { durationOf, usual } from '../statistics.js';
import { urls } from '../urls.js';
import { progressOf } from './home.js';
import { loadDag, loadRun, loadVersion, readOne } from './load-dag.js';

export const runTabs = [
  { id: 'tasks', label: 'Tasks' },
  { id: 'graph', label: 'Graph' },
  { id: 'gantt', label: 'Gantt' },
  { id: 'events', label: 'Events' },
  { id: 'code', label: 'Code' },
  { id: 'details', label: 'Details' },
] as const;
export type RunTab = (typeof runTabs)[number]['id'];

const childrenMax = 50;

/** What stands over every tab of a run's page. */
export async function loadRunHead(request: PageRequest, deps: AppDeps, tab: RunTab) {
  const dagId = request.params['dagId'] as string;
  const [dag, run] = await Promise.all([loadDag(deps, dagId), loadRun(deps, dagId, request.params['runId'] as string)]);
  const [version, counts, parent, children, finished, emails] = await Promise.all([
    loadVersion(deps, run.dag_version_id),
    deps.store.read(stateCountsOfRuns([run.id])),
    run.parent_dag_run_id === null ? undefined : readOne(deps, dagRunById(run.parent_dag_run_id)),
    deps.store.read(childRuns(run.id, childrenMax)),
    deps.store.read(finishedRuns(dagId, 30)),
    readOne(deps, countEmails({ dagId, runId: run.run_id })),
  ]);
  return {
    dag,
    run,
    version,
    counts,
    progress: progressOf(counts),
    parent,
    children,
    normal: usual(finished.map((row) => durationOf(row)).filter((ms) => ms !== null)),
    emails: emails?.total ?? 0,
    conf: parseObject(run.conf_json),
    tab,
    tabs: runTabs,
  };
}

export function runCrumbs(request: PageRequest, dag: { dag_id: string; display_name: string }, run: DagRunRow) {
  return [
    { label: 'DAGs', href: '/dags' },
    { label: dag.display_name, href: urls.dag(dag.dag_id) },
    { label: request.format.near(run.run_after, request.now) },
  ];
}

/** Events of one run. */
export function ofRun(dagId: string, runId: string): (event: SchedulerEvent) => boolean {
  return (event) => 'runId' in event && event.dagId === dagId && event.runId === runId;
}
