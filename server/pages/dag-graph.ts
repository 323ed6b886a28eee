import { gridRuns } from '../../scheduler/store/queries/dag-runs.js';
import { graphView } from '../graph/graph-view.js';
import type { Page } from '../page.js';
import { selectionOf } from './dag-grid.js';
import { dagCrumbs, loadDagHead } from './dag-head.js';
import { loadVersion } from './load-dag.js';
import { loadPanel } from './panel.js';

const runsOffered = 25;

/** The tasks and what they wait for, as one run went through them. */
export const dagGraph: Page = {
  path: '/dags/:dagId/graph',
  async load(request, deps) {
    const head = await loadDagHead(request, deps, 'graph');
    const runs = await deps.store.read(gridRuns(head.dag.dag_id, {}, runsOffered));
    const selection = selectionOf(request, runs);
    const run = selection ? runs.find((candidate) => candidate.id === selection.runRowId) : runs[0];
    const version = run ? await loadVersion(deps, run.dag_version_id) : head.version;
    const href = (id: string) => {
      const url = new URL(request.url, 'http://page');
      if (run) url.searchParams.set('at', `${run.id}.${id}`);
      return `${url.pathname}${url.search}`;
    };
    return {
      template: 'dag-graph',
      title: `${head.dag.display_name}: graph`,
      section: 'dags',
      crumbs: dagCrumbs(head.dag),
      flush: true,
      concerns: (event) => event.kind !== 'email' && 'dagId' in event && event.dagId === head.dag.dag_id,
      view: {
        ...head,
        runs,
        run,
        graph: version
          ? await graphView(request, deps, {
              dag: version.dag,
              runRowId: run?.id ?? null,
              focus: selection?.rowId ?? null,
              href,
            })
          : undefined,
        panel: selection ? await loadPanel(request, deps, head, selection) : undefined,
      },
    };
  },
};
