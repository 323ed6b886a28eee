import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder of this package: where package.json, views/, sql/ and dist/ lie. The same from sources and from dist/. */
export const packageRoot: string = findPackageRoot(dirname(fileURLToPath(import.meta.url)));

/** The compiled entry of that name (see build.js): what a child process is started with. */
export function entryPath(name: string): string {
  return join(packageRoot, 'dist', `${name}.js`);
}

function findPackageRoot(from: string): string {
  for (let folder = from; ; folder = dirname(folder)) {
    if (existsSync(join(folder, 'package.json'))) return folder;
    if (dirname(folder) === folder) throw new Error(`no package.json above ${from}: Millrace is not installed whole`);
  }
}
