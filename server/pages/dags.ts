import { countImportErrors } from '../../scheduler/store/queries/admin.js';
import { runOutcomesSince } from '../../scheduler/store/queries/dag-runs.js';
import {
  countDags,
  countDagsByCondition,
  type DagFilter,
  type DagOrder,
  dagNames,
  latestRunsOfDags,
  listDags,
  type RunBar,
} from '../../scheduler/store/queries/dags.js';
import { runBars } from '../charts/run-bars.js';
import type { Page, PageRequest } from '../page.js';
import { durationOf, usual } from '../statistics.js';
import { urls } from '../urls.js';

const pageSize = 50;
const barRuns = 14;
const monthMs = 30 * 24 * 3_600_000;
const tabs = ['all', 'failed', 'running', 'paused'] as const;
const sorts: Record<string, { order: DagOrder; label: string }> = {
  dag_id: { order: { by: 'dag_id', descending: false }, label: 'name' },
  next_run_after: { order: { by: 'next_run_after', descending: false }, label: 'next run' },
  owner: { order: { by: 'owner', descending: false }, label: 'owner' },
};

/** Every DAG with its switch, its schedule, its latest runs and its next one. */
export const dagList: Page = {
  path: '/dags',
  async load(request, deps) {
    const { filter, tab, sort, offset } = choicesOf(request);
    const [dags, total, conditions, names, outcomes, importErrors] = await Promise.all([
      deps.store.read(listDags(filter, (sorts[sort] as (typeof sorts)[string]).order, { limit: pageSize, offset })),
      deps.store.read(countDags(filter)),
      deps.store.read(countDagsByCondition()),
      deps.store.read(dagNames(1000)),
      deps.store.read(runOutcomesSince(request.now - monthMs)),
      deps.store.read(countImportErrors()),
    ]);
    const runs = await deps.store.read(
      latestRunsOfDags(
        dags.map((dag) => dag.dag_id),
        barRuns,
      ),
    );
    const [counts] = conditions;
    return {
      template: 'dags',
      title: 'DAGs',
      section: 'dags',
      crumbs: [{ label: 'DAGs' }],
      concerns: (event) => event.kind === 'dag_run' || event.kind === 'dag' || event.kind === 'import_errors',
      view: {
        tab,
        sort,
        sorts,
        search: filter.search ?? '',
        owner: filter.owner ?? '',
        chosenTags: filter.tags ?? [],
        owners: [...new Set(names.map((dag) => dag.owner))].sort(),
        tags: commonTags(names),
        tabs: tabs.map((name) => ({ name, total: name === 'all' ? (counts?.total ?? 0) : (counts?.[name] ?? 0) })),
        importErrors: importErrors[0]?.total ?? 0,
        offset,
        pageSize,
        total: total[0]?.total ?? 0,
        dags: dags.map((dag) => ({
          ...dag,
          tags: JSON.parse(dag.tags_json) as string[],
          ...lastRuns(
            runs.filter((run) => run.dag_id === dag.dag_id),
            request,
          ),
          successRate: successRate(outcomes.filter((row) => row.dag_id === dag.dag_id)),
        })),
      },
    };
  },
};

function choicesOf({ query }: PageRequest) {
  const tab = tabs.find((name) => name === query.get('tab')) ?? 'all';
  const sortName = query.get('sort') ?? 'dag_id';
  const filter: DagFilter = {
    search: query.get('q')?.trim() || undefined,
    owner: query.get('owner') || undefined,
    tags: query.getAll('tag'),
    ...(tab === 'paused' ? { paused: true } : {}),
    ...(tab === 'failed' ? { lastRunStates: ['failed'] } : {}),
    ...(tab === 'running' ? { lastRunStates: ['running', 'queued'] } : {}),
  };
  const offset = Math.max(0, Math.floor(Number(query.get('offset')) || 0));
  return { filter, tab, sort: sortName in sorts ? sortName : 'dag_id', offset };
}

function lastRuns(runs: RunBar[], request: PageRequest) {
  const finished = runs.filter((run) => run.ended_at !== null);
  const bars = [...runs].reverse().map((run) => ({
    state: run.state,
    durationMs: durationOf(run, request.now),
    href: urls.run(run.dag_id, run.run_id),
    title: request.format.near(run.run_after, request.now),
  }));
  return {
    lastRun: runs[0],
    bars: runBars(bars, { width: 98, height: 22, slots: barRuns }),
    medianMs: usual(finished.map((run) => durationOf(run)).filter((ms) => ms !== null)).median,
  };
}

function successRate(rows: { state: string; total: number }[]): number | null {
  const of = (state: string) => rows.find((row) => row.state === state)?.total ?? 0;
  const ended = of('success') + of('failed');
  return ended === 0 ? null : of('success') / ended;
}

function commonTags(dags: { tags_json: string }[]): string[] {
  const counts = new Map<string, number>();
  for (const dag of dags)
    for (const tag of JSON.parse(dag.tags_json) as string[]) counts.set(tag, (counts.get(tag) ?? 0) + 1);
  return [...counts]
    .sort((a, b) => b[1] - a[1] || a[0].localeCompare(b[0]))
    .map(([tag]) => tag)
    .slice(0, 8);
}
