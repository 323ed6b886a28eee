import { rmSync } from 'node:fs';
import { relative, resolve } from 'node:path';
import { MillraceError } from '../../kernel/errors.js';
import { readProjectKeys } from '../../transform/project/package.js';
import { readProjectFile } from '../../transform/project/project-file.js';
import type { SqlOptions } from './options.js';
import { Printer } from './printer.js';

/** Removes the folders that `clean-targets` names. Never one that holds the project's sources, nor one outside of it. */
export async function cleanCommand(options: SqlOptions): Promise<number> {
  const printer = new Printer(options);
  const dir = resolve(options.projectDir);
  const file = readProjectFile(readProjectKeys(dir), 'dbt_project.yml');
  const kept = Object.values(file.paths)
    .flat()
    .map((path) => resolve(dir, path));
  for (const target of file.cleanTargets) {
    const path = resolve(dir, target);
    const inside = relative(dir, path);
    if (inside === '' || inside.startsWith('..'))
      throw new MillraceError(
        'SQL_PROJECT_INVALID',
        `clean-targets names "${target}", which is not inside the project`,
      );
    if (kept.some((each) => each === path || each.startsWith(`${path}/`)))
      throw new MillraceError(
        'SQL_PROJECT_INVALID',
        `clean-targets names "${target}", which holds sources of the project`,
      );
    rmSync(path, { recursive: true, force: true });
    printer.info(`Cleaned ${target}`);
  }
  return 0;
}
