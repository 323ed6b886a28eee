import type { SerializedDag } from '../../scheduler/model/dag.js';
import { finishedStates } from '../../scheduler/model/states.js';
import { gridCells } from '../../scheduler/store/queries/task-instances.js';
import type { AppDeps } from '../deps.js';
import type { Html } from '../html.js';
import type { PageRequest } from '../page.js';
import { worstState } from '../states.js';
import { foldedByDefault, graphLayout } from './graph-layout.js';
import { graphSvg, type TaskStatus } from './graph-svg.js';

export interface GraphView {
  picture: Html;
  nodes: number;
  groups: string[];
  folded: string[];
}

/** The graph of a version with the states of one run in it. `?fold=` names the folded groups; `none` unfolds all. */
export async function graphView(
  request: PageRequest,
  deps: AppDeps,
  graph: { dag: SerializedDag; runRowId: number | null; focus: string | null; href(id: string): string },
): Promise<GraphView> {
  const fold = request.query.get('fold');
  const folded = fold === null ? foldedByDefault(graph.dag) : new Set(fold === 'none' ? [] : fold.split(','));
  const layout = graphLayout(graph.dag, folded);
  const statuses = graph.runRowId === null ? new Map<string, TaskStatus>() : await statusesOf(deps, graph.runRowId);
  const foldHref = (groupId: string, close: boolean) => {
    const next = close ? [...folded, groupId] : [...folded].filter((id) => id !== groupId);
    const url = new URL(request.url, 'http://page');
    url.searchParams.set('fold', next.join(',') || 'none');
    return `${url.pathname}${url.search}`;
  };
  const picture = graphSvg({
    dag: graph.dag,
    layout,
    statuses,
    now: request.now,
    focus: graph.focus,
    href: graph.href,
    foldHref,
  });
  return {
    picture,
    nodes: layout.nodes.length,
    groups: graph.dag.groups.map((group) => group.groupId),
    folded: [...folded],
  };
}

async function statusesOf(deps: AppDeps, runRowId: number): Promise<Map<string, TaskStatus>> {
  const statuses = new Map<string, TaskStatus>();
  for (const cell of await deps.store.read(gridCells([runRowId]))) {
    const known = statuses.get(cell.task_id);
    const done = finishedStates.has(cell.state) ? cell.total : 0;
    statuses.set(cell.task_id, {
      state: known ? worstState([known.state, cell.state]) : cell.state,
      total: (known?.total ?? 0) + cell.total,
      done: (known?.done ?? 0) + done,
      startedAt: least(known?.startedAt ?? null, cell.started_at),
      endedAt: most(known?.endedAt ?? null, cell.ended_at),
    });
  }
  return statuses;
}

function least(a: number | null, b: number | null): number | null {
  return a === null ? b : b === null ? a : Math.min(a, b);
}

function most(a: number | null, b: number | null): number | null {
  return a === null ? b : b === null ? a : Math.max(a, b);
}
