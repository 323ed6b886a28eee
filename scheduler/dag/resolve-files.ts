import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { MillraceError } from '../../kernel/errors.js';
import { packageRoot } from '../../kernel/paths.js';
import type { Dag } from './dag.js';
import { draftOf } from './dag.js';
import type { TaskDeclaration } from './declaration.js';
import { type ProjectFiles, placeSqlProject } from './sql-project.js';

/** What a DAG takes from files beside its own, for the hash of its version. */
export interface ResolvedFiles {
  /** Absolute paths: a change of one of them is a change of the DAG. */
  inputs: string[];
  projects: ProjectFiles[];
}

/**
 * Reads what the DAGs of a file name by a path: SQL files and e-mail templates become part of the tasks' options,
 * SQL projects become tasks; done twice, it changes nothing more. Throws DAG_INVALID for a path that leads nowhere.
 */
export async function resolveFiles(dags: Dag[], dagFile: string): Promise<ResolvedFiles> {
  const inputs: string[] = [];
  const projects: ProjectFiles[] = [];
  for (const dag of dags) {
    for (const task of dag[draftOf].tasks.values()) inputs.push(...embedFile(task, dagFile));
    for (const group of [...dag[draftOf].groups.values()]) {
      if (!group.sqlProject) continue;
      const { path } = group.sqlProject;
      const folder = dirname(findUpwards(dagFile, `${path}/dbt_project.yml`, `sqlProject "${group.groupId}"`));
      group.sqlProject.files ??= await placeSqlProject(dag[draftOf], group, folder);
      projects.push(group.sqlProject.files);
    }
  }
  return { inputs: [...inputs, ...projects.flatMap((project) => [...project.files.values()])], projects };
}

/** Puts the text of the file that a task names into its options. */
function embedFile(task: TaskDeclaration, dagFile: string): string[] {
  const { file, template } = task.options;
  const owner = `task "${task.taskId}"`;
  if (task.operator === 'sql' && typeof file === 'string') {
    const path = findUpwards(dagFile, file, owner);
    task.options['sql'] = readFileSync(path, 'utf8');
    return [path];
  }
  if (task.operator === 'email' && typeof template === 'string') {
    const path = findUpwards(dagFile, `${template}.ejs`, owner, join(packageRoot, 'views', 'emails'));
    task.options['templateSource'] = readFileSync(path, 'utf8');
    const textPath = path.replace(/\.ejs$/, '.txt.ejs');
    if (!existsSync(textPath)) return [path];
    task.options['textTemplateSource'] = readFileSync(textPath, 'utf8');
    return [path, textPath];
  }
  return [];
}

/** The nearest folder from the DAG file's upwards in which `path` exists, then `lastFolder`. */
function findUpwards(dagFile: string, path: string, owner: string, lastFolder?: string): string {
  for (let folder = dirname(dagFile); ; folder = dirname(folder)) {
    const candidate = join(folder, path);
    if (existsSync(candidate)) return candidate;
    if (dirname(folder) === folder) break;
  }
  const last = lastFolder && join(lastFolder, path);
  if (last && existsSync(last)) return last;
  throw new MillraceError('DAG_INVALID', `${owner} names "${path}", which does not exist`, {
    hint: `It is looked up from ${dirname(dagFile)} upwards.`,
  });
}
