import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { listFiles, sha256 } from '../project/files.js';
import type { Package } from '../project/package.js';
import type { RawNode } from './read-nodes.js';
import { propertiesOf } from './read-nodes.js';
import type { ParseWorld } from './world.js';

/** Above this a seed's checksum is that of its path, as in dbt: the file is not read to parse a project. */
const seedBytesMax = 1024 * 1024;

export function readSeedFiles(world: ParseWorld, pkg: Package): RawNode[] {
  return listFiles(pkg.dir, pkg.file.paths.seeds, ['.csv']).map(({ path, relativePath }) => {
    const name = (relativePath.split('/').at(-1) ?? '').replace(/\.[^.]*$/, '');
    return {
      resourceType: 'seed',
      name,
      pkg,
      path: relativePath,
      originalFilePath: path,
      fqn: [pkg.name, ...relativePath.split('/').slice(0, -1), name],
      text: '',
      checksum: checksumOf(join(pkg.dir, path), path),
      properties: propertiesOf(world, pkg, 'seeds', name),
    };
  });
}

function checksumOf(absolutePath: string, path: string): { name: string; checksum: string } {
  if (statSync(absolutePath).size > seedBytesMax) return { name: 'path', checksum: path };
  return { name: 'sha256', checksum: sha256(readFileSync(absolutePath, 'utf8').trim()) };
}
