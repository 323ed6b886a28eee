import type { SchedulerEvent } from '../../scheduler/model/events.js';
import { type DagRunRow, gridRuns } from '../../scheduler/store/queries/dag-runs.js';
import { gridCells } from '../../scheduler/store/queries/task-instances.js';
import { dagTree, groupIds, type TreeNode, taskIcon, visibleRows } from '../dag-structure.js';
import type { AppDeps } from '../deps.js';
import { formatDuration } from '../format.js';
import { barScale, barTitle, gridBar } from '../grid/grid-bars.js';
import { type Cell, gridRows } from '../grid/grid-model.js';
import type { Page, PageRequest } from '../page.js';
import { stateWord } from '../states.js';
import { type DagHead, dagCrumbs, loadDagHead } from './dag-head.js';
import { loadPanel } from './panel.js';

const runChoices = [10, 24, 30, 60, 120];
const runsDefault = 24;
/** A grid of more rows than this opens with its innermost groups closed. */
const openRowsMax = 60;
const states = ['success', 'failed', 'running', 'queued'];
const runTypes = ['scheduled', 'manual', 'backfill', 'asset_triggered'];

/** The history of a DAG: runs as columns, tasks as rows, bars for durations, and what is selected beside it. */
export const dagGrid: Page = { path: '/dags/:dagId', load: loadGrid };
export const dagGridTab: Page = { path: '/dags/:dagId/grid', load: loadGrid };

async function loadGrid(request: PageRequest, deps: AppDeps) {
  const head = await loadDagHead(request, deps, 'grid');
  const choices = choicesOf(request);
  const runs = (
    await deps.store.read(
      gridRuns(head.dag.dag_id, { states: choices.states, runTypes: choices.runTypes }, choices.count),
    )
  ).reverse();
  const cells = await deps.store.read(gridCells(runs.map((run) => run.id)));
  const tree = head.version ? dagTree(head.version.dag) : [];
  const closed = closedGroups(tree, request);
  const selection = selectionOf(request, runs);
  return {
    template: 'dag-grid',
    title: head.dag.display_name,
    section: 'dags' as const,
    crumbs: dagCrumbs(head.dag),
    flush: true,
    concerns: (event: SchedulerEvent) => event.kind !== 'email' && 'dagId' in event && event.dagId === head.dag.dag_id,
    view: {
      ...head,
      ...choices,
      runChoices,
      allStates: states,
      allRunTypes: runTypes,
      columns: columnsOf(runs, head, request, selection?.runRowId),
      rows: rowsOf(
        gridRows(
          visibleRows(tree, (id) => closed.has(id)),
          runs,
          cells,
        ),
        runs,
        closed,
        selection,
      ),
      groups: groupIds(tree),
      anyOpen: groupIds(tree).some((id) => !closed.has(id)),
      panel: selection ? await loadPanel(request, deps, head, selection) : undefined,
    },
  };
}

function choicesOf({ query }: PageRequest) {
  const asked = Number(query.get('runs'));
  const count = runChoices.includes(asked) ? asked : runsDefault;
  return {
    count,
    states: query.getAll('state').filter((state) => states.includes(state)),
    runTypes: query.getAll('type').filter((type) => runTypes.includes(type)),
  };
}

export interface Selection {
  runRowId: number;
  /** A task or a group; null = the whole run. */
  rowId: string | null;
}

/** `?at=817` selects a run, `?at=817.stg_customers` one square of it. */
export function selectionOf(request: PageRequest, runs: { id: number }[]): Selection | undefined {
  const match = /^(\d+)(?:\.(.+))?$/.exec(request.query.get('at') ?? '');
  if (!match) return undefined;
  const runRowId = Number(match[1]);
  if (!runs.some((run) => run.id === runRowId)) return undefined;
  return { runRowId, rowId: match[2] ?? null };
}

/** `?fold=all`, `?fold=none` or a list of group ids; without it, the innermost groups of a large DAG are closed. */
export function closedGroups(tree: TreeNode[], { query }: PageRequest): Set<string> {
  const fold = query.get('fold');
  if (fold === 'none') return new Set();
  if (fold === 'all') return new Set(groupIds(tree));
  if (fold !== null) return new Set(fold.split(','));
  if (visibleRows(tree, () => false).length <= openRowsMax) return new Set();
  return new Set(innermostGroups(tree));
}

function innermostGroups(tree: TreeNode[]): string[] {
  return tree.flatMap((node) => {
    if (node.kind === 'task') return [];
    const inner = innermostGroups(node.children);
    return inner.length > 0 ? inner : [node.id];
  });
}

function columnsOf(runs: DagRunRow[], head: DagHead, request: PageRequest, selected: number | undefined) {
  const scale = barScale(runs, head.normal, request.now);
  const tickEvery = Math.max(2, Math.ceil(runs.length / 8));
  return runs.map((run, index) => ({
    run,
    bar: gridBar(run, scale, head.normal, request.now),
    title: barTitle(run, request.format, request.now),
    tick: index % tickEvery === 0 ? request.format.format(run.run_after, 'minute') : '',
    newVersion: index > 0 && runs[index - 1]?.version_number !== run.version_number,
    selected: run.id === selected,
  }));
}

function rowsOf(
  rows: ReturnType<typeof gridRows>,
  runs: DagRunRow[],
  closed: Set<string>,
  selection: Selection | undefined,
) {
  return rows.map(({ node, cells, mappedTotal }) => ({
    id: node.id,
    kind: node.kind,
    label: node.label,
    depth: node.depth,
    icon: node.kind === 'group' ? 'folder' : taskIcon(node.task),
    closed: closed.has(node.id),
    count: node.kind === 'group' ? node.taskIds.length : null,
    mappedTotal,
    selected: selection?.rowId === node.id,
    cells: cells.map((cell, column) => {
      const run = runs[column] as DagRunRow;
      return {
        state: cell === null ? 'absent' : (cell.state ?? 'none'),
        words: cell === null ? 'not in this version' : wordsOf(cell),
        many: cell !== null && cell.total > 1,
        href: `?at=${run.id}.${encodeURIComponent(node.id)}`,
        selected: selection?.runRowId === run.id && selection.rowId === node.id,
        inColumn: selection?.runRowId === run.id,
      };
    }),
  }));
}

function wordsOf(cell: Cell): string {
  if (cell.total > 1)
    return cell.counts.map(({ state, total }) => `${total} ${stateWord(state).toLowerCase()}`).join(', ');
  const duration =
    cell.startedAt !== null && cell.endedAt !== null ? `, ${formatDuration(cell.endedAt - cell.startedAt)}` : '';
  return `${stateWord(cell.state)}${duration}${cell.tryNumber > 1 ? `, try ${cell.tryNumber}` : ''}`;
}
