import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import type { Json } from '../../kernel/json.js';
import type { Project, SqlTask } from '../../transform/index.js';
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
  const { loadProject } = await import('../../transform/index.js');
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
  return readProjectFiles(group.groupId, folder);
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
    kind: 'task',
    dagId: draft.dagId,
    taskId: `${group.prefix}${name.replaceAll('.', '_')}`,
    group,
    operator: 'sql_node',
    kindLabel: `dbt ${isModel ? node.materialized : kind}`,
    spec: node?.description ? { docMd: node.description, ...spec } : spec,
    handler: null,
    options: { ...settings, uniqueIds },
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
