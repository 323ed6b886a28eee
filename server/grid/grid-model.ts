import type { TaskInstanceState } from '../../scheduler/model/states.js';
import type { DagRunRow } from '../../scheduler/store/queries/dag-runs.js';
import type { GridCell } from '../../scheduler/store/queries/task-instances.js';
import type { TreeNode } from '../dag-structure.js';
import { worstState } from '../states.js';

/** One square: what became of a row's tasks in one run. */
export interface Cell {
  state: TaskInstanceState | null;
  /** How many task instances it stands for (1 for a plain task). */
  total: number;
  counts: { state: TaskInstanceState | null; total: number }[];
  startedAt: number | null;
  endedAt: number | null;
  tryNumber: number;
}

export interface GridRow {
  node: TreeNode;
  /** One a run, in the order of the runs; null where the run does not have the task. */
  cells: (Cell | null)[];
  /** How many task instances the task had in the latest run, when it is mapped. */
  mappedTotal: number | null;
}

/** The squares of all rows. `rows` may be any part of the tree; `runs` are the columns from left to right. */
export function gridRows(rows: TreeNode[], runs: Pick<DagRunRow, 'id'>[], cells: GridCell[]): GridRow[] {
  const index = indexCells(cells);
  return rows.map((node) => {
    const taskIds = node.kind === 'task' ? [node.id] : node.taskIds;
    const drawn = runs.map((run) => cellOf(index.get(run.id), taskIds));
    return { node, cells: drawn, mappedTotal: node.kind === 'task' ? mappedTotal(runs, index, node.id) : null };
  });
}

type CellIndex = Map<number, Map<string, GridCell[]>>;

function indexCells(cells: GridCell[]): CellIndex {
  const index: CellIndex = new Map();
  for (const cell of cells) {
    const run = index.get(cell.dag_run_id) ?? new Map<string, GridCell[]>();
    index.set(cell.dag_run_id, run);
    const known = run.get(cell.task_id);
    if (known) known.push(cell);
    else run.set(cell.task_id, [cell]);
  }
  return index;
}

function cellOf(run: Map<string, GridCell[]> | undefined, taskIds: string[]): Cell | null {
  const parts = run === undefined ? [] : taskIds.flatMap((id) => run.get(id) ?? []);
  if (parts.length === 0) return null;
  const counts = new Map<TaskInstanceState | null, number>();
  for (const part of parts) counts.set(part.state, (counts.get(part.state) ?? 0) + part.total);
  const starts = parts.map((part) => part.started_at).filter((at) => at !== null);
  const ends = parts.map((part) => part.ended_at).filter((at) => at !== null);
  const state = worstState(counts.keys());
  return {
    state,
    total: parts.reduce((sum, part) => sum + part.total, 0),
    counts: [...counts].map(([name, total]) => ({ state: name, total })),
    startedAt: starts.length === 0 ? null : Math.min(...starts),
    endedAt: ends.length === 0 ? null : Math.max(...ends),
    tryNumber: Math.max(0, ...parts.map((part) => part.try_number ?? 0)),
  };
}

function mappedTotal(runs: Pick<DagRunRow, 'id'>[], index: CellIndex, taskId: string): number | null {
  for (let column = runs.length - 1; column >= 0; column--) {
    const parts = index.get(runs[column]?.id ?? -1)?.get(taskId);
    if (!parts) continue;
    const mapped = parts.filter((part) => part.mapped === 1);
    return mapped.length === 0 ? null : mapped.reduce((sum, part) => sum + part.total, 0);
  }
  return null;
}
