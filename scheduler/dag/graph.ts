import { MillraceError } from '../../kernel/errors.js';
import { type DagDeclarations, type Declaration, isInGroup, type TaskDeclaration } from './declaration.js';

/** The edges of a DAG between tasks, groups resolved. */
export interface TaskGraph {
  /** Ids of the direct upstream tasks, in the order of declaration. */
  upstream: Map<string, Set<string>>;
  downstream: Map<string, Set<string>>;
}

/**
 * Resolves the edges: an edge from a group begins at its last tasks, one to a group ends at its first. Throws
 * DAG_INVALID that names the tasks of a cycle.
 */
export function resolveGraph(dagId: string, dag: DagDeclarations): TaskGraph {
  const graph: TaskGraph = { upstream: new Map(), downstream: new Map() };
  for (const id of dag.tasks.keys()) {
    graph.upstream.set(id, new Set());
    graph.downstream.set(id, new Set());
  }
  const connect = (from: TaskDeclaration, to: TaskDeclaration) => {
    graph.upstream.get(to.taskId)?.add(from.taskId);
    graph.downstream.get(from.taskId)?.add(to.taskId);
  };
  const isPlain = (edge: { from: Declaration; to: Declaration }) =>
    edge.from.kind === 'task' && edge.to.kind === 'task';
  for (const { from, to } of dag.edges.filter(isPlain)) connect(from as TaskDeclaration, to as TaskDeclaration);
  for (const { from, to } of dag.edges.filter((edge) => !isPlain(edge))) {
    const ends = lastTasks(dag, graph, from);
    const starts = firstTasks(dag, graph, to);
    for (const end of ends) for (const start of starts) connect(end, start);
  }
  refuseCycle(dagId, graph);
  return graph;
}

/** Every task that can be reached downstream of the given one. */
export function reachable(graph: TaskGraph, from: string): Set<string> {
  const seen = new Set<string>();
  const open = [...(graph.downstream.get(from) ?? [])];
  for (let id = open.pop(); id !== undefined; id = open.pop()) {
    if (seen.has(id)) continue;
    seen.add(id);
    open.push(...(graph.downstream.get(id) ?? []));
  }
  return seen;
}

/** The tasks at which edges to a node end. */
export function firstTasks(dag: DagDeclarations, graph: TaskGraph, node: Declaration): TaskDeclaration[] {
  return edgeOf(dag, node, graph.upstream, () => true);
}

/** The tasks at which edges from a node begin. What follows a group does not wait for its teardowns. */
function lastTasks(dag: DagDeclarations, graph: TaskGraph, node: Declaration): TaskDeclaration[] {
  return edgeOf(dag, node, graph.downstream, (task) => task.teardown === null);
}

/** The members of a group that count and have no edge to another of them. */
function edgeOf(
  dag: DagDeclarations,
  node: Declaration,
  edges: Map<string, Set<string>>,
  counts: (task: TaskDeclaration) => boolean,
): TaskDeclaration[] {
  if (node.kind === 'task') return [node];
  const members = [...dag.tasks.values()].filter((task) => isInGroup(task, node) && counts(task));
  const inside = new Set(members.map((task) => task.taskId));
  return members.filter((task) => ![...(edges.get(task.taskId) ?? [])].some((id) => inside.has(id)));
}

/** Removes tasks without open upstream, layer by layer: what is left holds a cycle. */
function refuseCycle(dagId: string, graph: TaskGraph): void {
  const open = new Map([...graph.upstream].map(([id, upstream]) => [id, upstream.size]));
  const ready = [...open].filter(([, count]) => count === 0).map(([id]) => id);
  for (let id = ready.pop(); id !== undefined; id = ready.pop()) {
    open.delete(id);
    for (const next of graph.downstream.get(id) ?? []) {
      const left = (open.get(next) ?? 0) - 1;
      open.set(next, left);
      if (left === 0) ready.push(next);
    }
  }
  const start = open.keys().next().value;
  if (start === undefined) return;
  throw new MillraceError('DAG_INVALID', `Dag "${dagId}" has a cycle: ${cycleFrom(graph, start, open).join(' -> ')}`, {
    hint: 'A task cannot come after itself: take one of these edges away.',
  });
}

/** Walks upstream inside what is left until a task comes up again. */
function cycleFrom(graph: TaskGraph, start: string, left: Map<string, number>): string[] {
  const path = [start];
  for (;;) {
    const at = path[path.length - 1] as string;
    const next = [...(graph.upstream.get(at) ?? [])].find((id) => left.has(id)) as string;
    const before = path.indexOf(next);
    if (before >= 0) return [...path.slice(before), next].reverse();
    path.push(next);
  }
}
