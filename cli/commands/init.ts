import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { MillraceError } from '../../kernel/errors.js';
import { packageRoot } from '../../kernel/paths.js';
import { shortPath } from '../announce.js';
import { projectTemplate } from '../project-template.js';
import { version } from '../version.js';

/** `millrace init DIR`: a project of one's own in a new or empty folder. */
export function init(folder: string): void {
  const target = resolve(folder);
  if (existsSync(target) && readdirSync(target).length > 0) {
    throw new MillraceError('REQUEST_INVALID', `The folder ${target} is not empty.`, {
      hint: 'Name a new one: nothing is overwritten.',
    });
  }
  const files = projectTemplate(projectName(target), millraceDependency());
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(target, path)), { recursive: true });
    writeFileSync(join(target, path), content);
  }
  const list = Object.keys(files).map((path) => `  ${path}\n`);
  process.stdout.write(`${list.join('')}\nNext: cd ${shortPath(target)} && npm install && npm start\n`);
}

/** npm's rules for a name: lower case, no spaces. */
function projectName(target: string): string {
  return (
    basename(target)
      .toLowerCase()
      .replace(/[^a-z0-9-]+/g, '-')
      .replace(/^-+|-+$/g, '') || 'pipelines'
  );
}

/** A clone of the repository is used as it is; an installed package by its version. */
function millraceDependency(): string {
  return existsSync(join(packageRoot, 'build.js')) ? `file:${packageRoot}` : `^${version}`;
}
