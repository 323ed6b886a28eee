import { MillraceError } from '../../kernel/errors.js';

/** Who depends on whom, by unique id. Edges point from a node to what is built after it. */
export class Graph {
  readonly parents = new Map<string, string[]>();
  readonly children = new Map<string, string[]>();

  constructor(dependencies: Iterable<[string, string[]]>) {
    const entries = [...dependencies];
    for (const [id] of entries) {
      this.parents.set(id, []);
      this.children.set(id, []);
    }
    for (const [id, parents] of entries)
      for (const parent of new Set(parents)) {
        if (!this.children.has(parent)) continue;
        this.parents.get(id)?.push(parent);
        this.children.get(parent)?.push(id);
      }
  }

  get ids(): string[] {
    return [...this.parents.keys()];
  }

  /** Everything upstream of the ids, themselves left out; at most `depth` steps away. */
  ancestors(ids: Iterable<string>, depth = Number.POSITIVE_INFINITY): Set<string> {
    return reach(ids, this.parents, depth);
  }

  descendants(ids: Iterable<string>, depth = Number.POSITIVE_INFINITY): Set<string> {
    return reach(ids, this.children, depth);
  }

  /** The ids in an order in which every parent comes first; among equals the order of declaration. Throws SQL_GRAPH_CYCLE. */
  order(): string[] {
    const waiting = new Map([...this.parents].map(([id, parents]) => [id, parents.length]));
    const ready = [...waiting].filter(([, count]) => count === 0).map(([id]) => id);
    const done: string[] = [];
    for (let id = ready.shift(); id !== undefined; id = ready.shift()) {
      done.push(id);
      for (const child of this.children.get(id) ?? []) {
        const left = (waiting.get(child) as number) - 1;
        waiting.set(child, left);
        if (left === 0) ready.push(child);
      }
    }
    if (done.length < waiting.size) throw cycleError(this, new Set(done));
    return done;
  }
}

/**
 * dbt's rule for `build`: a test comes before every node that is downstream of all that the test depends on, so that a failure
 * stops it. Tests do not wait for tests. Returns the dependencies with these edges added.
 */
export function withTestEdges(graph: Graph, tests: Iterable<[string, string[]]>): Map<string, string[]> {
  const result = new Map([...graph.parents].map(([id, parents]) => [id, [...parents]]));
  const testIds = new Set<string>();
  const all = [...tests];
  for (const [id] of all) testIds.add(id);
  for (const [testId, dependencies] of all) {
    const known = dependencies.filter((id) => graph.children.has(id));
    if (known.length === 0) continue;
    for (const id of gatedBy(graph, known)) if (!testIds.has(id)) result.get(id)?.push(testId);
  }
  return result;
}

/** The first nodes downstream of every one of the ids: their own descendants wait with them. */
function gatedBy(graph: Graph, ids: string[]): string[] {
  const [first, ...others] = ids as [string, ...string[]];
  if (others.length === 0) return graph.children.get(first) ?? [];
  let common = graph.descendants([first]);
  for (const other of others) {
    const theirs = graph.descendants([other]);
    common = new Set([...common].filter((id) => theirs.has(id)));
  }
  return [...common].filter((id) => !(graph.parents.get(id) ?? []).some((parent) => common.has(parent)));
}

function reach(from: Iterable<string>, edges: Map<string, string[]>, depth: number): Set<string> {
  const found = new Set<string>();
  let frontier = [...from];
  for (let step = 0; step < depth && frontier.length > 0; step++) {
    const next: string[] = [];
    for (const id of frontier)
      for (const other of edges.get(id) ?? [])
        if (!found.has(other)) {
          found.add(other);
          next.push(other);
        }
    frontier = next;
  }
  return found;
}

function cycleError(graph: Graph, done: Set<string>): MillraceError {
  const left = graph.ids.filter((id) => !done.has(id));
  const path: string[] = [];
  let id = left[0] as string;
  while (!path.includes(id)) {
    path.push(id);
    id = (graph.parents.get(id) ?? []).find((parent) => !done.has(parent)) as string;
  }
  const circle = [...path.slice(path.indexOf(id)), id].reverse();
  return new MillraceError('SQL_GRAPH_CYCLE', `found a cycle: ${circle.join(' --> ')}`);
}
