import dagre from '@dagrejs/dagre';
import type { SerializedDag } from '../../scheduler/model/dag.js';
import { dagTree, meanRank, type TreeNode, topologicalOrder } from '../dag-structure.js';

/** Where everything stands, in pixels. Depends only on the version and on which groups are folded. */
export interface GraphLayout {
  width: number;
  height: number;
  nodes: PlacedNode[];
  groups: { id: string; label: string; x: number; y: number; width: number; height: number; taskIds: string[] }[];
  edges: { from: string; to: string; path: string; tip: { x: number; y: number } }[];
}

export interface PlacedNode {
  /** A task id, or a group id for a folded group. */
  id: string;
  label: string;
  kind: 'task' | 'folded';
  /** The tasks that it stands for. */
  taskIds: string[];
  /** Top left corner. */
  x: number;
  y: number;
}

export const nodeWidth = 168;
export const nodeHeight = 40;
const rankGap = 28;
const nodeGap = 16;
const titleHeight = 30;
const groupPad = 14;
const radius = 7;
/** Graphs of more nodes than this fold their innermost groups, then the next, until they are small enough. */
const nodesMax = 40;

const layouts = new WeakMap<SerializedDag, Map<string, GraphLayout>>();
const layoutsPerDagMax = 30;

/** Lays a DAG out from top to bottom. Cached by version and fold state. */
export function graphLayout(dag: SerializedDag, folded: ReadonlySet<string>): GraphLayout {
  const cache = layouts.get(dag) ?? new Map<string, GraphLayout>();
  layouts.set(dag, cache);
  const key = [...folded].sort().join(' ');
  let layout = cache.get(key);
  if (!layout) {
    if (cache.size >= layoutsPerDagMax) cache.clear();
    layout = layOut(dag, folded);
    cache.set(key, layout);
  }
  return layout;
}

/** The groups that are folded unless the reader says otherwise. */
export function foldedByDefault(dag: SerializedDag): Set<string> {
  const tree = dagTree(dag);
  const folded = new Set<string>();
  for (;;) {
    const next = deepestOpen(tree, folded);
    if (countNodes(tree, folded) <= nodesMax || next.length === 0) return folded;
    for (const id of next) folded.add(id);
  }
}

interface Links {
  pairs: { from: string; to: string }[];
  /** Place of each task in topological order. */
  rank: Map<string, number>;
}

interface Box {
  id: string;
  node: TreeNode;
  width: number;
  height: number;
  /** Relative to the enclosing box. */
  x: number;
  y: number;
  inner: Box[];
}

/**
 * Each group is laid out by itself and then stands as one box among its siblings, so a group is always a compact
 * rectangle that no foreign node enters; an edge between groups runs in the channels between boxes.
 */
function layOut(dag: SerializedDag, folded: ReadonlySet<string>): GraphLayout {
  const tree = dagTree(dag);
  const links: Links = {
    pairs: dag.tasks.flatMap((task) => task.upstream.map((from) => ({ from, to: task.taskId }))),
    rank: new Map(topologicalOrder(dag.tasks).map((id, index) => [id, index])),
  };
  const root = boxesOf(tree, folded, links);
  const layout: GraphLayout = { width: root.width, height: root.height, nodes: [], groups: [], edges: [] };
  place(root.boxes, 0, 0, folded, layout);
  layout.edges = edgesOf(layout, links);
  return layout;
}

function boxesOf(nodes: TreeNode[], folded: ReadonlySet<string>, links: Links) {
  const boxes = nodes.map((node): Box => {
    if (node.kind === 'task' || folded.has(node.id)) {
      return { id: node.id, node, width: nodeWidth, height: nodeHeight, x: 0, y: 0, inner: [] };
    }
    const inside = boxesOf(node.children, folded, links);
    return {
      id: node.id,
      node,
      width: Math.max(inside.width, nodeWidth) + 2 * groupPad,
      height: inside.height + titleHeight + groupPad,
      x: 0,
      y: 0,
      inner: inside.boxes,
    };
  });
  return arrange(boxes, links);
}

function arrange(boxes: Box[], links: Links) {
  const graph = new dagre.graphlib.Graph();
  graph.setGraph({ rankdir: 'TB', nodesep: nodeGap, edgesep: 10, ranksep: rankGap, ranker: 'network-simplex' });
  graph.setDefaultEdgeLabel(() => ({}));
  const owner = new Map<string, string>();
  for (const box of boxes) {
    for (const id of tasksOf(box.node)) owner.set(id, box.id);
    graph.setNode(box.id, { width: box.width, height: box.height });
  }
  const height = new Map(boxes.map((box) => [box.id, meanRank(tasksOf(box.node), links.rank)]));
  for (const { from, to } of links.pairs) {
    const [a, b] = [owner.get(from), owner.get(to)];
    // Folded groups can wait for each other in turn: then the one that stands earlier on average comes first.
    if (a !== undefined && b !== undefined && a !== b && (height.get(a) ?? 0) <= (height.get(b) ?? 0))
      graph.setEdge(a, b);
  }
  dagre.layout(graph);
  for (const box of boxes) {
    const at = graph.node(box.id);
    box.x = Math.round(at.x - box.width / 2);
    box.y = Math.round(at.y - box.height / 2);
  }
  const size = graph.graph() as { width?: number; height?: number };
  return { boxes, width: Math.ceil(size.width ?? 0), height: Math.ceil(size.height ?? 0) };
}

function place(boxes: Box[], left: number, top: number, folded: ReadonlySet<string>, layout: GraphLayout): void {
  for (const box of boxes) {
    const x = left + box.x;
    const y = top + box.y;
    const taskIds = tasksOf(box.node);
    if (box.node.kind === 'task' || folded.has(box.id)) {
      layout.nodes.push({
        id: box.id,
        label: box.node.label,
        kind: box.node.kind === 'task' ? 'task' : 'folded',
        taskIds,
        x,
        y,
      });
      continue;
    }
    layout.groups.push({ id: box.id, label: box.node.label, x, y, width: box.width, height: box.height, taskIds });
    const widest = Math.max(...box.inner.map((inner) => inner.x + inner.width));
    place(box.inner, x + Math.round((box.width - widest) / 2), y + titleHeight, folded, layout);
  }
}

function edgesOf(layout: GraphLayout, { pairs }: Links): GraphLayout['edges'] {
  const owner = new Map<string, PlacedNode>();
  for (const node of layout.nodes) for (const id of node.taskIds) owner.set(id, node);
  const seen = new Set<string>();
  const drawn: { a: PlacedNode; b: PlacedNode }[] = [];
  for (const { from, to } of pairs) {
    const [a, b] = [owner.get(from), owner.get(to)];
    if (!a || !b || a === b || seen.has(`${a.id}\0${b.id}`)) continue;
    seen.add(`${a.id}\0${b.id}`);
    // Only a folded group can be waited for by what stands above it; unfolded, its tasks show where.
    if (b.y > a.y) drawn.push({ a, b });
  }
  return drawn.map(({ a, b }) => {
    const start = {
      x: port(
        a,
        b,
        drawn.filter((edge) => edge.a === a).map((edge) => edge.b),
      ),
      y: a.y + nodeHeight,
    };
    const end = {
      x: port(
        b,
        a,
        drawn.filter((edge) => edge.b === b).map((edge) => edge.a),
      ),
      y: b.y,
    };
    return { from: a.id, to: b.id, path: route(start, end, entryY(a, b, end, layout), layout), tip: end };
  });
}

/** Edges of one node leave (or enter) side by side, in the order of where they lead. */
function port(node: PlacedNode, other: PlacedNode, others: PlacedNode[]): number {
  const order = [...others].sort((p, q) => p.x - q.x);
  const spread = Math.min(12, (nodeWidth - 48) / Math.max(1, order.length));
  return Math.round(node.x + nodeWidth / 2 + (order.indexOf(other) - (order.length - 1) / 2) * spread);
}

interface Point {
  x: number;
  y: number;
}

/**
 * Right angles only: down out of the source, across in the free channel below its row, down between the boxes that are
 * in the way (the nearest column that is free), across above the target, and in.
 */
function route(start: Point, end: Point, lastY: number, layout: GraphLayout): string {
  const firstY = start.y + rankGap / 2;
  if (lastY <= firstY + 2) return rounded([start, { x: start.x, y: firstY }, { x: end.x, y: firstY }, end]);
  const column = freeColumn(start.x, end.x, firstY, lastY, layout);
  return rounded([
    start,
    { x: start.x, y: firstY },
    { x: column, y: firstY },
    { x: column, y: lastY },
    { x: end.x, y: lastY },
    end,
  ]);
}

/**
 * Where an edge turns towards its target: above the outermost group that it enters, so that it does not run along the
 * title; right above the target when something in the group stands in the way.
 */
function entryY(a: PlacedNode, b: PlacedNode, end: Point, layout: GraphLayout): number {
  const near = end.y - rankGap / 2;
  const entered = layout.groups.filter((group) => holds(group.taskIds, b) && !holds(group.taskIds, a));
  const top = Math.min(...entered.map((group) => group.y));
  if (entered.length === 0 || top - rankGap / 2 < a.y + nodeHeight) return near;
  const blocked = layout.nodes.some(
    (node) => node !== b && node.y >= top && node.y < end.y && end.x > node.x - 4 && end.x < node.x + nodeWidth + 4,
  );
  return blocked ? near : top - rankGap / 2;
}

function holds(taskIds: string[], node: PlacedNode): boolean {
  return node.taskIds.every((id) => taskIds.includes(id));
}

function freeColumn(startX: number, endX: number, fromY: number, toY: number, layout: GraphLayout): number {
  const inTheWay = layout.nodes.filter((node) => node.y < toY && node.y + nodeHeight > fromY);
  const free = (x: number) => inTheWay.every((node) => x < node.x - 6 || x > node.x + nodeWidth + 6);
  if (free(endX)) return endX;
  if (free(startX)) return startX;
  const candidates = inTheWay.flatMap((node) => [node.x - nodeGap / 2, node.x + nodeWidth + nodeGap / 2]).filter(free);
  const cost = (x: number) => Math.abs(x - startX) + Math.abs(x - endX);
  return candidates.sort((a, b) => cost(a) - cost(b))[0] ?? layout.width + 12;
}

/** A path through the points with its corners rounded. */
function rounded(points: Point[]): string {
  const corners = points.filter((point, index) => {
    const before = points[index - 1];
    return before === undefined || before.x !== point.x || before.y !== point.y;
  });
  const first = corners[0] as Point;
  let path = `M${first.x} ${first.y}`;
  for (let index = 1; index < corners.length - 1; index++) {
    const [before, at, after] = [corners[index - 1], corners[index], corners[index + 1]] as [Point, Point, Point];
    const size = Math.min(radius, length(before, at) / 2, length(at, after) / 2);
    const enter = towards(at, before, size);
    const leave = towards(at, after, size);
    path += `L${enter.x} ${enter.y}Q${at.x} ${at.y} ${leave.x} ${leave.y}`;
  }
  const last = corners.at(-1) as Point;
  return `${path}L${last.x} ${last.y - 4}`;
}

function length(a: Point, b: Point): number {
  return Math.abs(a.x - b.x) + Math.abs(a.y - b.y);
}

function towards(from: Point, to: Point, distance: number): Point {
  return { x: from.x + Math.sign(to.x - from.x) * distance, y: from.y + Math.sign(to.y - from.y) * distance };
}

function tasksOf(node: TreeNode): string[] {
  return node.kind === 'task' ? [node.id] : node.taskIds;
}

function countNodes(tree: TreeNode[], folded: ReadonlySet<string>): number {
  return tree.reduce(
    (sum, node) => sum + (node.kind === 'task' || folded.has(node.id) ? 1 : countNodes(node.children, folded)),
    0,
  );
}

function deepestOpen(tree: TreeNode[], folded: ReadonlySet<string>): string[] {
  const open: { id: string; depth: number }[] = [];
  const walk = (nodes: TreeNode[]) => {
    for (const node of nodes) {
      if (node.kind === 'task' || folded.has(node.id)) continue;
      open.push({ id: node.id, depth: node.depth });
      walk(node.children);
    }
  };
  walk(tree);
  const deepest = Math.max(-1, ...open.map((group) => group.depth));
  return open.filter((group) => group.depth === deepest).map((group) => group.id);
}
