import type { SerializedDag, SerializedSchedule } from '../../scheduler/model/dag.js';
import {
  countDagRuns,
  type DagRunRow,
  dagRunById,
  finishedRuns,
  gridRuns,
  runOutcomesSince,
} from '../../scheduler/store/queries/dag-runs.js';
import type { DagRow } from '../../scheduler/store/queries/dags.js';
import type { AppDeps } from '../deps.js';
import type { PageRequest } from '../page.js';
import { scheduleWords } from '../schedule-words.js';
import { durationOf, type Usual, usual } from '../statistics.js';
import { type LoadedVersion, loadDag, loadLatestVersion, readOne } from './load-dag.js';

const usualRuns = 30;
const monthMs = 30 * 24 * 3_600_000;

export const dagTabs = [
  { id: 'grid', label: 'Grid' },
  { id: 'graph', label: 'Graph' },
  { id: 'gantt', label: 'Gantt' },
  { id: 'runs', label: 'Runs' },
  { id: 'calendar', label: 'Calendar' },
  { id: 'durations', label: 'Durations' },
  { id: 'code', label: 'Code' },
  { id: 'events', label: 'Events' },
  { id: 'details', label: 'Details' },
] as const;
export type DagTab = (typeof dagTabs)[number]['id'];

export interface DagHead {
  dag: DagRow;
  tags: string[];
  version: LoadedVersion | undefined;
  latestRun: Awaited<ReturnType<typeof latestRuns>>[number] | undefined;
  lastFinished: Awaited<ReturnType<typeof latestRuns>>[number] | undefined;
  normal: Usual;
  successRate: number | null;
  runsTotal: number;
  tab: DagTab;
  tabs: typeof dagTabs;
  /** The run that triggered the latest one. */
  triggeredBy: DagRunRow | undefined;
  schedule: string;
}

/** What stands over every tab of a DAG's page. Throws DAG_NOT_FOUND. */
export async function loadDagHead(request: PageRequest, deps: AppDeps, tab: DagTab): Promise<DagHead> {
  const dag = await loadDag(deps, request.params['dagId'] as string);
  const [version, latest, finished, outcomes, total] = await Promise.all([
    loadLatestVersion(deps, dag),
    latestRuns(deps, dag.dag_id),
    deps.store.read(finishedRuns(dag.dag_id, usualRuns)),
    deps.store.read(runOutcomesSince(request.now - monthMs, dag.dag_id)),
    deps.store.read(countDagRuns({ dagId: dag.dag_id })),
  ]);
  const count = (state: string) => outcomes.find((row) => row.state === state)?.total ?? 0;
  const ended = count('success') + count('failed');
  return {
    dag,
    tags: JSON.parse(dag.tags_json) as string[],
    version,
    latestRun: latest[0],
    lastFinished: latest.find((run) => run.ended_at !== null),
    normal: usual(finished.map((run) => durationOf(run)).filter((ms) => ms !== null)),
    successRate: ended === 0 ? null : count('success') / ended,
    runsTotal: total[0]?.total ?? 0,
    tab,
    tabs: dagTabs,
    triggeredBy:
      latest[0]?.parent_dag_run_id == null ? undefined : await readOne(deps, dagRunById(latest[0].parent_dag_run_id)),
    schedule: version ? scheduleSentence(version.dag.schedule, dag.schedule_summary) : dag.schedule_summary,
  };
}

function latestRuns(deps: AppDeps, dagId: string) {
  return deps.store.read(gridRuns(dagId, {}, 5));
}

/** The schedule as people say it; what cannot be said shorter stays as its author wrote it. */
export function scheduleSentence(schedule: SerializedSchedule, summary: string): string {
  switch (schedule.kind) {
    case 'none':
      return 'On trigger only';
    case 'once':
      return 'Once';
    case 'continuous':
      return 'Continuously';
    case 'cron':
      return scheduleWords(summary || schedule.summary || schedule.crons.join(' and '));
    default:
      return summary;
  }
}

/** The crumbs of a DAG's pages. */
export function dagCrumbs(dag: Pick<DagRow, 'dag_id' | 'display_name'>): { label: string; href?: string }[] {
  return [{ label: 'DAGs', href: '/dags' }, { label: dag.display_name }];
}

export function hasParams(dag: SerializedDag | undefined): boolean {
  return dag?.paramsSchema !== null && dag?.paramsSchema !== undefined;
}
