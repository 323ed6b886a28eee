import type { SerializedDag, SerializedGroup, SerializedTask } from '../scheduler/model/dag.js';

/** A row of the grid, or a node of the tree of groups: a task or a group with what it holds. */
export type TreeNode =
  | { kind: 'task'; id: string; label: string; depth: number; task: SerializedTask }
  | {
      kind: 'group';
      id: string;
      label: string;
      depth: number;
      group: SerializedGroup;
      children: TreeNode[];
      taskIds: string[];
    };

/** The tasks of a DAG in topological order, ties in the order of declaration. */
export function topologicalOrder(tasks: SerializedTask[]): string[] {
  const known = new Map(tasks.map((task) => [task.taskId, task]));
  const waitsFor = new Map(tasks.map((task) => [task.taskId, task.upstream.filter((id) => known.has(id)).length]));
  const downstream = downstreamOf(tasks);
  const order: string[] = [];
  let ready = tasks.filter((task) => waitsFor.get(task.taskId) === 0).map((task) => task.taskId);
  while (ready.length > 0) {
    order.push(...ready);
    const next: string[] = [];
    for (const id of ready) {
      for (const below of downstream.get(id) ?? []) {
        const left = (waitsFor.get(below) ?? 1) - 1;
        waitsFor.set(below, left);
        if (left === 0) next.push(below);
      }
    }
    ready = next;
  }
  return order;
}

/** Direct downstream task ids by task id. */
export function downstreamOf(tasks: SerializedTask[]): Map<string, string[]> {
  const downstream = new Map<string, string[]>(tasks.map((task) => [task.taskId, []]));
  for (const task of tasks) for (const above of task.upstream) downstream.get(above)?.push(task.taskId);
  return downstream;
}

/** Everything below a task, direct or not. */
export function allDownstream(tasks: SerializedTask[], taskId: string): Set<string> {
  return reach(downstreamOf(tasks), taskId);
}

/** Everything above a task, direct or not. */
export function allUpstream(tasks: SerializedTask[], taskId: string): Set<string> {
  return reach(new Map(tasks.map((task) => [task.taskId, task.upstream])), taskId);
}

/** Tasks and groups as a tree; siblings in topological order (a group stands where its tasks stand on average). */
export function dagTree(dag: Pick<SerializedDag, 'tasks' | 'groups'>): TreeNode[] {
  const rank = new Map(topologicalOrder(dag.tasks).map((id, index) => [id, index]));
  const branch = (parentId: string | null, depth: number): { node: TreeNode; rank: number }[] => {
    const groups = dag.groups
      .filter((group) => group.parentId === parentId)
      .map((group) => {
        const inner = branch(group.groupId, depth + 1);
        const children = inner.map(({ node }) => node);
        const taskIds = children.flatMap((child) => (child.kind === 'task' ? [child.id] : child.taskIds));
        const label = lastPart(group.displayName, parentId);
        const node: TreeNode = { kind: 'group', id: group.groupId, label, depth, group, children, taskIds };
        return { node, rank: meanRank(taskIds, rank) };
      })
      .filter(({ node }) => node.kind === 'group' && node.taskIds.length > 0);
    const tasks = dag.tasks
      .filter((task) => task.groupId === parentId)
      .map((task) => {
        const label = lastPart(task.displayName, parentId);
        const node: TreeNode = { kind: 'task', id: task.taskId, label, depth, task };
        return { node, rank: rank.get(task.taskId) ?? Number.MAX_SAFE_INTEGER };
      });
    return [...groups, ...tasks].sort((a, b) => a.rank - b.rank);
  };
  return branch(null, 0).map(({ node }) => node);
}

/** Where some tasks stand in the order, on average. */
export function meanRank(taskIds: string[], rank: Map<string, number>): number {
  return taskIds.reduce((sum, id) => sum + (rank.get(id) ?? 0), 0) / Math.max(1, taskIds.length);
}

/** The rows of a tree from top to bottom, the children of closed groups left out. */
export function visibleRows(tree: TreeNode[], isClosed: (groupId: string) => boolean): TreeNode[] {
  return tree.flatMap((node) =>
    node.kind === 'group' && !isClosed(node.id) ? [node, ...visibleRows(node.children, isClosed)] : [node],
  );
}

export function groupIds(tree: TreeNode[]): string[] {
  return tree.flatMap((node) => (node.kind === 'group' ? [node.id, ...groupIds(node.children)] : []));
}

/** The icon of what a task does. */
export function taskIcon(task: SerializedTask): string {
  const kind = `${task.operator} ${task.kindLabel ?? ''}`.toLowerCase();
  if (/snapshot/.test(kind)) return 'snapshot';
  if (/\btest\b/.test(kind)) return 'test';
  if (/seed/.test(kind)) return 'seed';
  if (/dbt|model|sql/.test(kind)) return 'model';
  if (/mail/.test(kind)) return 'mail';
  if (/sensor|wait/.test(kind)) return 'sensor';
  if (/branch|switch|\bif\b|short/.test(kind)) return 'branch';
  if (/trigger/.test(kind)) return 'trigger';
  if (/bash|shell/.test(kind)) return 'terminal';
  if (/load|file|upload/.test(kind)) return 'upload';
  return 'code';
}

/** A name without the prefix of its group: the tree says it already. */
function lastPart(name: string, groupId: string | null): string {
  return groupId !== null && name.startsWith(`${groupId}.`) ? name.slice(groupId.length + 1) : name;
}

function reach(next: Map<string, string[]>, from: string): Set<string> {
  const seen = new Set<string>();
  const queue = [...(next.get(from) ?? [])];
  for (let id = queue.pop(); id !== undefined; id = queue.pop()) {
    if (seen.has(id)) continue;
    seen.add(id);
    queue.push(...(next.get(id) ?? []));
  }
  return seen;
}
