import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import type { Json } from '../../kernel/json.js';
import type { HookKind, Project, SqlTask } from '../../transform/index.js';
import { contentHash } from './compile.js';
import type { GroupDeclaration, TaskDeclaration } from './declaration.js';
import type { Draft } from './draft.js';
import type { TaskSpec } from './task-spec.js';

/** The files of a SQL project, as they are part of a DAG's version. */
export interface ProjectFiles {
  /** Names its folder in the bundle. */
  groupId: string;
  /** Path in the project -> absolute path. */
  files: Map<string, string>;
  hash: string;
}

/** Folders of a project that are made by running it, or have nothing to do with it. */
const ignoredFolders = new Set(['target', 'logs', 'node_modules', '.git', '.venv']);

/** Makes the group's tasks of the nodes of its project. Rejects with what the project's parser says. */
export async function placeSqlProject(draft: Draft, group: GroupDeclaration, folder: string): Promise<ProjectFiles> {
  const declared = group.sqlProject as NonNullable<GroupDeclaration['sqlProject']>;
  const { hooksOf, loadProject } = await import('../../transform/index.js');
  const { select, exclude, vars, target, tests, connection, fullRefresh } = declared.options as ProjectOptions;
  const project = await loadProject({
    dir: folder,
    // Only the graph is wanted here: nothing connects.
    connectionUrl: 'postgresql://localhost/parse',
    ...(target === undefined ? {} : { target }),
    ...(vars === undefined ? {} : { vars }),
  });
  const nodes = project.taskGraph({
    ...(select === undefined ? {} : { select: [select].flat() }),
    ...(exclude === undefined ? {} : { exclude: [exclude].flat() }),
    tests: tests ?? 'each',
  });
  const settings = {
    project: group.groupId,
    connection: connection ?? 'warehouse',
    ...(target === undefined ? {} : { target }),
    ...(vars === undefined ? {} : { vars }),
    ...(fullRefresh === undefined ? {} : { fullRefresh }),
  };
  const tasks = new Map<string, TaskDeclaration>();
  for (const node of nodes) {
    const task = nodeTask(draft, nestedGroup(draft, group, node.group), node, project, declared.spec, settings);
    draft.addTask(task);
    tasks.set(node.uniqueIds[0] as string, task);
  }
  for (const node of nodes) {
    const to = tasks.get(node.uniqueIds[0] as string) as TaskDeclaration;
    for (const before of node.upstream) draft.addEdge(tasks.get(before) as TaskDeclaration, to);
  }
  const hooks = { start: hooksOf(project, 'on-run-start'), end: hooksOf(project, 'on-run-end') };
  placeHooks(draft, group, [...tasks.values()], hooks, declared, settings);
  return readProjectFiles(group.groupId, folder);
}

/**
 * on-run-start is the setup of the group, on-run-end its teardown, which also writes what became of the nodes. A project without hooks has no such
 * tasks, unless its `run_results.json` is asked for.
 */
function placeHooks(
  draft: Draft,
  group: GroupDeclaration,
  nodes: TaskDeclaration[],
  hooks: { start: string[]; end: string[] },
  { options, spec }: NonNullable<GroupDeclaration['sqlProject']>,
  settings: Record<string, Json>,
): void {
  const { triggerRule: _rule, outlets: _outlets, inlets: _inlets, docMd: _doc, ...own } = spec;
  const place = (name: string, kind: HookKind, uniqueIds: string[]): TaskDeclaration => {
    const task: TaskDeclaration = {
      ...emptyTask(draft, group, name),
      operator: 'sql_hooks',
      kindLabel: `dbt ${kind}`,
      spec: own,
      options: { ...settings, hooks: kind, uniqueIds },
    };
    draft.addTask(task);
    return task;
  };
  const inside = new Set(nodes);
  const edges = draft.edges.filter(
    ({ from, to }) => inside.has(from as TaskDeclaration) && inside.has(to as TaskDeclaration),
  );
  const first = nodes.filter((task) => !edges.some(({ to }) => to === task));
  const last = nodes.filter((task) => !edges.some(({ from }) => from === task));
  const start = hooks.start.length > 0 ? place('on_run_start', 'on-run-start', hooks.start) : null;
  if (start) {
    start.isSetup = true;
    for (const task of first) draft.addEdge(start, task);
  }
  if (hooks.end.length === 0 && options['runResults'] !== true) return;
  const end = place('on_run_end', 'on-run-end', hooks.end);
  // The run's state is that of its nodes, as it is without hooks.
  end.teardown = { setups: start ? [start] : [], onFailureFailDagrun: false };
  if (start) draft.addEdge(start, end);
  for (const task of last) draft.addEdge(task, end);
  end.options['tasks'] = Object.fromEntries(
    [...(start ? [start] : []), ...nodes].map((task) => [task.taskId, task.options['uniqueIds'] as Json]),
  );
}

function nodeTask(
  draft: Draft,
  group: GroupDeclaration,
  { uniqueIds, name, kind }: SqlTask,
  project: Project,
  spec: TaskSpec,
  settings: Record<string, Json>,
): TaskDeclaration {
  const node = uniqueIds.length === 1 ? project.nodes.get(uniqueIds[0] as string) : undefined;
  const isModel = node?.resourceType === 'model';
  return {
    ...emptyTask(draft, group, name.replaceAll('.', '_')),
    operator: 'sql_node',
    kindLabel: `dbt ${isModel ? node.materialized : kind}`,
    spec: node?.description ? { docMd: node.description, ...spec } : spec,
    options: { ...settings, uniqueIds },
  };
}

function emptyTask(draft: Draft, group: GroupDeclaration, name: string): TaskDeclaration {
  return {
    kind: 'task',
    dagId: draft.dagId,
    taskId: `${group.prefix}${name}`,
    group,
    operator: '',
    kindLabel: null,
    spec: {},
    handler: null,
    options: {},
    inputs: {},
    expand: null,
    placed: true,
    branch: null,
    isSetup: false,
    teardown: null,
  };
}

interface ProjectOptions {
  select?: string | string[];
  exclude?: string | string[];
  vars?: Record<string, Json>;
  target?: string;
  tests?: 'each' | 'model';
  connection?: string;
  fullRefresh?: boolean;
}

/** The group of that path inside another, made when it is first needed. */
function nestedGroup(draft: Draft, outer: GroupDeclaration, path: string[]): GroupDeclaration {
  let group = outer;
  for (const name of path) {
    const groupId = `${group.prefix}${name}`;
    const known = draft.groups.get(groupId);
    const made: GroupDeclaration = known ?? {
      kind: 'group',
      dagId: draft.dagId,
      groupId,
      prefix: `${groupId}.`,
      displayName: name,
      tooltip: null,
      parent: group,
      expand: null,
      sqlProject: null,
    };
    if (!known) draft.addGroup(made);
    group = made;
  }
  return group;
}

function readProjectFiles(groupId: string, folder: string): ProjectFiles {
  const files = new Map<string, string>();
  const walk = (path: string) => {
    for (const entry of readdirSync(path, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1))) {
      const inner = join(path, entry.name);
      if (entry.isDirectory()) {
        if (!ignoredFolders.has(entry.name)) walk(inner);
      } else if (entry.isFile()) files.set(relative(folder, inner).split(sep).join('/'), inner);
    }
  };
  walk(folder);
  const parts = [...files].flatMap(([name, path]) => [name, readFileSync(path)]);
  return { groupId, files, hash: contentHash(groupId, ...parts) };
}
