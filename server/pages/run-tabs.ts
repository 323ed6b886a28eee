import { listEvents } from '../../scheduler/store/queries/event-log.js';
import { typescript } from '../code/highlight.js';
import { eventsOf } from '../events-of.js';
import type { Page } from '../page.js';
import { loadRunHead, runCrumbs } from './run-head.js';

const eventsMax = 200;

export const dagRunEvents: Page = {
  path: '/dags/:dagId/runs/:runId/events',
  async load(request, deps) {
    const head = await loadRunHead(request, deps, 'events');
    const { dag_id: dagId, run_id: runId } = head.run;
    return {
      template: 'run-events',
      title: `${head.dag.display_name}: events of run`,
      section: 'dags',
      crumbs: runCrumbs(request, head.dag, head.run),
      flush: true,
      view: { ...head, events: await eventsOf(deps, listEvents({ dagId, runId }, { limit: eventsMax, offset: 0 })) },
    };
  },
};

/** The file as it was when the run began. */
export const dagRunCode: Page = {
  path: '/dags/:dagId/runs/:runId/code',
  async load(request, deps) {
    const head = await loadRunHead(request, deps, 'code');
    return {
      template: 'run-code',
      title: `${head.dag.display_name}: code of run`,
      section: 'dags',
      crumbs: runCrumbs(request, head.dag, head.run),
      flush: true,
      view: { ...head, code: typescript(head.version.source) },
    };
  },
};
