import type { SelectionRequest } from './manifest/select.js';
import type { ProjectNode } from './model.js';
import type { Project } from './project.js';
import { runDependencies } from './run/dependencies.js';

export interface TaskGraphRequest extends Pick<SelectionRequest, 'select' | 'exclude' | 'selector'> {
  /** A task for each test, or one for all tests that belong to a single model. */
  tests: 'each' | 'model';
}

/** One task of a project: a node to build, or the tests of one. */
export interface SqlTask {
  uniqueIds: string[];
  /** Unique in the project's tasks. */
  name: string;
  /** Folders of the node: `['staging']`; its tests stand in `['staging', 'tests']`. */
  group: string[];
  /** model, seed, snapshot, test, tests. */
  kind: string;
  /** The first unique id of each task that comes directly before. */
  upstream: string[];
}

/**
 * The tasks of a selection in the order of dbt's `build`: what a test depends on, then the test, then everything that is downstream of all that the
 * test depends on. Ephemeral models are no tasks: what depends on them waits for what they depend on.
 */
export function makeTaskGraph(project: Project, request: TaskGraphRequest): SqlTask[] {
  const { tests, ...selection } = request;
  const chosen = project.select(selection).map((id) => project.nodes.get(id) as ProjectNode);
  const built = chosen.filter(isTask);
  const groups = tests === 'model' ? testsByModel(built) : new Map<string, ProjectNode[]>();
  const grouped = new Set([...groups.values()].flat().map((node) => node.uniqueId));
  const tasks: SqlTask[] = built
    .filter((node) => !grouped.has(node.uniqueId))
    .map((node) => ({
      uniqueIds: [node.uniqueId],
      name: nameOf(node),
      group: groupOf(project, node),
      kind: node.resourceType,
      upstream: [],
    }));
  for (const [model, nodes] of groups) {
    const [first] = nodes as [ProjectNode];
    const name = `${(project.nodes.get(model) as ProjectNode).name.replace('.', '_')}_tests`;
    tasks.push({
      uniqueIds: nodes.map((node) => node.uniqueId),
      name,
      group: groupOf(project, first),
      kind: 'tests',
      upstream: [],
    });
  }
  linkTasks(project, tasks);
  nameApart(tasks);
  return inOrder(project, tasks);
}

function isTask(node: ProjectNode): boolean {
  if (node.resourceType === 'model') return node.materialized !== 'ephemeral';
  return ['seed', 'snapshot', 'test', 'unit_test'].includes(node.resourceType);
}

/** Tests that depend on one node only, by that node; a node with a single test keeps it as it is. */
function testsByModel(built: ProjectNode[]): Map<string, ProjectNode[]> {
  const found = new Map<string, ProjectNode[]>();
  for (const node of built) {
    const [only] = node.dependsOn;
    if (node.resourceType === 'test' && node.dependsOn.length === 1 && only)
      found.set(only, [...(found.get(only) ?? []), node]);
  }
  return new Map([...found].filter(([, nodes]) => nodes.length > 1));
}

/** Each task waits for the nearest tasks above it, without those that one of the others waits for itself. */
function linkTasks(project: Project, tasks: SqlTask[]): void {
  const taskOf = new Map(tasks.flatMap((task) => task.uniqueIds.map((id): [string, SqlTask] => [id, task])));
  const dependencies = runDependencies(project, new Set(taskOf.keys()), true);
  for (const task of tasks) {
    const above = new Set(
      task.uniqueIds.flatMap((id) => [...(dependencies.get(id) ?? [])].map((other) => taskOf.get(other) as SqlTask)),
    );
    above.delete(task);
    task.upstream = [...above].map((other) => other.uniqueIds[0] as string);
  }
  const known = new Map(tasks.map((task) => [task.uniqueIds[0] as string, new Set(task.upstream)]));
  for (const task of tasks)
    task.upstream = task.upstream.filter((id) => !task.upstream.some((other) => known.get(other)?.has(id)));
}

function groupOf(project: Project, node: ProjectNode): string[] {
  if (node.resourceType === 'test' || node.resourceType === 'unit_test') {
    const owner = project.nodes.get(node.attachedNode ?? node.dependsOn[0] ?? '');
    return owner && owner.resourceType !== 'source' ? [...groupOf(project, owner), 'tests'] : ['tests'];
  }
  const folders = node.fqn
    .slice(1, node.resourceType === 'snapshot' ? -2 : -1)
    .filter((folder) => !/^v\d+$/.test(folder));
  if (node.resourceType === 'snapshot') return folders.length > 0 ? folders : ['snapshots'];
  if (node.resourceType === 'seed') return folders.length > 0 ? folders : ['seeds'];
  return folders;
}

/** Tests are called by their alias, which a database takes; versions of a model keep theirs apart. */
function nameOf(node: ProjectNode): string {
  const name = node.resourceType === 'test' || node.resourceType === 'model' ? node.alias || node.name : node.name;
  return name.replace(/[^\w.-]/g, '_');
}

/** Two tasks of one name get the last part of their unique ids, or a number. */
function nameApart(tasks: SqlTask[]): void {
  const taken = new Set<string>();
  for (const task of tasks) {
    const base = task.name;
    const suffix = (task.uniqueIds[0] as string).split('.').at(-1);
    for (let number = 1; taken.has(task.name); number++)
      task.name = number === 1 ? `${base}_${suffix}` : `${base}_${suffix}_${number}`;
    taken.add(task.name);
  }
}

function inOrder(project: Project, tasks: SqlTask[]): SqlTask[] {
  const position = new Map(project.graph.order().map((id, index) => [id, index]));
  return tasks.sort(
    (a, b) => (position.get(a.uniqueIds[0] as string) ?? 0) - (position.get(b.uniqueIds[0] as string) ?? 0),
  );
}
