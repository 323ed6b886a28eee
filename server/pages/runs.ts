import { fromIso } from '../../kernel/time.js';
import { dagRunStates, runTypes } from '../../scheduler/model/states.js';
import { countDagRuns, type DagRunFilter, listDagRuns } from '../../scheduler/store/queries/dag-runs.js';
import { stateCountsOfRuns } from '../../scheduler/store/queries/task-instances.js';
import type { Page } from '../page.js';
import { progressOf } from './home.js';
import { readOne } from './load-dag.js';

const pageSize = 50;

/** The runs of every DAG, newest first. */
export const runList: Page = {
  path: '/runs',
  async load(request, deps) {
    const offset = Math.max(0, Math.floor(Number(request.query.get('offset')) || 0));
    const filter = {
      states: request.query.getAll('state').filter((state) => (dagRunStates as readonly string[]).includes(state)),
      runTypes: request.query.getAll('type').filter((type) => (runTypes as readonly string[]).includes(type)),
      search: request.query.get('q')?.trim() || undefined,
      ranges: dayRange(request.query.get('day')),
    };
    const [runs, total] = await Promise.all([
      deps.store.read(listDagRuns(filter, [{ by: 'run_after', descending: true }], { limit: pageSize, offset })),
      readOne(deps, countDagRuns(filter)),
    ]);
    const counts = await deps.store.read(stateCountsOfRuns(runs.map((run) => run.id)));
    return {
      template: 'runs',
      title: 'Runs',
      section: 'runs',
      crumbs: [{ label: 'Runs' }],
      concerns: (event) => event.kind === 'dag_run',
      view: {
        states: filter.states,
        types: filter.runTypes,
        allStates: dagRunStates,
        allTypes: runTypes,
        search: filter.search ?? '',
        day: request.query.get('day') ?? '',
        offset,
        pageSize,
        total: total?.total ?? 0,
        showDag: true,
        runs: runs.map((run) => ({ ...run, progress: progressOf(counts.filter((row) => row.dag_run_id === run.id)) })),
      },
    };
  },
};

/** `?day=2026-11-21`: the runs of one UTC day. */
function dayRange(day: string | null): NonNullable<DagRunFilter['ranges']> {
  const from = day === null ? undefined : fromIso(`${day}T00:00:00Z`);
  if (from === undefined) return [];
  return [
    { column: 'run_after', op: '>=', at: from },
    { column: 'run_after', op: '<', at: from + 86_400_000 },
  ];
}
