import { countDagRuns, listDagRuns } from '../../scheduler/store/queries/dag-runs.js';
import { dagVersionByNumber, listDagVersions } from '../../scheduler/store/queries/dag-versions.js';
import { listEvents } from '../../scheduler/store/queries/event-log.js';
import { stateCountsOfRuns } from '../../scheduler/store/queries/task-instances.js';
import { typescript } from '../code/highlight.js';
import { eventsOf } from '../events-of.js';
import type { Page } from '../page.js';
import { dagCrumbs, loadDagHead } from './dag-head.js';
import { progressOf } from './home.js';
import { readOne } from './load-dag.js';

const pageSize = 50;
const versionsMax = 100;
const eventsMax = 200;

/** Every run of the DAG, newest first. */
export const dagRunsTab: Page = {
  path: '/dags/:dagId/runs',
  async load(request, deps) {
    const head = await loadDagHead(request, deps, 'runs');
    const offset = Math.max(0, Math.floor(Number(request.query.get('offset')) || 0));
    const filter = { dagId: head.dag.dag_id, states: request.query.getAll('state') };
    const [runs, total] = await Promise.all([
      deps.store.read(listDagRuns(filter, [{ by: 'run_after', descending: true }], { limit: pageSize, offset })),
      readOne(deps, countDagRuns(filter)),
    ]);
    const counts = await deps.store.read(stateCountsOfRuns(runs.map((run) => run.id)));
    return {
      template: 'dag-runs',
      title: `${head.dag.display_name}: runs`,
      section: 'dags',
      crumbs: dagCrumbs(head.dag),
      flush: true,
      concerns: (event) => event.kind === 'dag_run' && event.dagId === head.dag.dag_id,
      view: {
        ...head,
        states: filter.states,
        offset,
        pageSize,
        total: total?.total ?? 0,
        showDag: false,
        runs: runs.map((run) => ({ ...run, progress: progressOf(counts.filter((row) => row.dag_run_id === run.id)) })),
      },
    };
  },
};

/** The file as it was in each version. */
export const dagCode: Page = {
  path: '/dags/:dagId/code',
  async load(request, deps) {
    const head = await loadDagHead(request, deps, 'code');
    const versions = await deps.store.read(listDagVersions(head.dag.dag_id, { limit: versionsMax, offset: 0 }));
    const asked = Number(request.query.get('version'));
    const number = versions.some((version) => version.version_number === asked) ? asked : versions[0]?.version_number;
    const version = number === undefined ? undefined : await readOne(deps, dagVersionByNumber(head.dag.dag_id, number));
    return {
      template: 'dag-code',
      title: `${head.dag.display_name}: code`,
      section: 'dags',
      crumbs: dagCrumbs(head.dag),
      flush: true,
      view: { ...head, versions, shownVersion: version, code: version ? typescript(version.source) : undefined },
    };
  },
};

export const dagEvents: Page = {
  path: '/dags/:dagId/events',
  async load(request, deps) {
    const head = await loadDagHead(request, deps, 'events');
    return {
      template: 'dag-events',
      title: `${head.dag.display_name}: events`,
      section: 'dags',
      crumbs: dagCrumbs(head.dag),
      flush: true,
      view: {
        ...head,
        events: await eventsOf(deps, listEvents({ dagId: head.dag.dag_id }, { limit: eventsMax, offset: 0 })),
      },
    };
  },
};

export const dagDetails: Page = {
  path: '/dags/:dagId/details',
  async load(request, deps) {
    const head = await loadDagHead(request, deps, 'details');
    return {
      template: 'dag-details',
      title: `${head.dag.display_name}: details`,
      section: 'dags',
      crumbs: dagCrumbs(head.dag),
      flush: true,
      view: head,
    };
  },
};
