import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, relative } from 'node:path';
import { describe, expect, it } from 'vitest';
import { packageRoot } from '../kernel/paths.js';

/**
 * Who may import whom (docs/architecture.md): each room names the rooms it may use besides itself. A room is the
 * longest prefix that matches a file's path.
 */
const mayImport: Record<string, string[]> = {
  kernel: [],
  'scheduler/model': ['kernel'],
  'scheduler/timetable': ['kernel', 'scheduler/model'],
  'scheduler/decide': ['kernel', 'scheduler/model', 'scheduler/timetable'],
  connectors: ['kernel'],
  transform: ['kernel', 'connectors'],
  'scheduler/store': ['kernel', 'scheduler/model', 'scheduler/timetable', 'scheduler/decide'],
  'scheduler/dag': ['kernel', 'scheduler/model', 'scheduler/timetable', 'connectors', 'transform'],
  'scheduler/executor': [
    'kernel',
    'scheduler/model',
    'connectors',
    'transform',
    'scheduler/store',
    'scheduler/dag',
    'scheduler/operators',
  ],
  'scheduler/operators': ['kernel', 'scheduler/model', 'connectors', 'transform', 'scheduler/dag'],
  'scheduler/triggerer': ['kernel', 'scheduler/model', 'connectors', 'scheduler/store', 'scheduler/dag'],
  'scheduler/notifications': ['kernel', 'scheduler/model', 'connectors', 'scheduler/store'],
  'scheduler/maintenance': ['kernel', 'scheduler/model', 'connectors', 'scheduler/store', 'scheduler/dag'],
  /** loop.ts and what stands beside it. */
  scheduler: [
    'kernel',
    'connectors',
    'transform',
    'scheduler/model',
    'scheduler/timetable',
    'scheduler/decide',
    'scheduler/store',
    'scheduler/dag',
    'scheduler/executor',
    'scheduler/operators',
    'scheduler/triggerer',
    'scheduler/notifications',
    'scheduler/maintenance',
  ],
  sources: ['kernel', 'connectors'],
  dags: ['scheduler/index.ts', 'scheduler/hitl.ts', 'sources/generators'],
  server: [
    'kernel',
    'connectors',
    'transform',
    'sources',
    'scheduler/model',
    'scheduler/decide',
    'scheduler/timetable',
    'scheduler/store',
  ],
  bench: ['*'],
  cli: ['*'],
  tests: ['*'],
};

const rooms = Object.keys(mayImport).sort((a, b) => b.length - a.length);
const files = Object.keys(mayImport)
  .filter((room) => !room.includes('/'))
  .flatMap((room) => sourcesUnder(join(packageRoot, room)));

describe('the house', () => {
  it('imports only downwards', () => {
    const breaches = files.flatMap((file) =>
      importsOf(file)
        .filter((target) => !allowed(file, target))
        .map((target) => `${file} imports ${target}`),
    );
    expect(breaches).toEqual([]);
  });

  it('keeps tests out of the product', () => {
    const breaches = files
      .filter((file) => !/^(tests|bench)\//.test(file))
      .filter((file) => importsOf(file).some((target) => target.startsWith('tests/')));
    expect(breaches).toEqual([]);
  });

  it('takes time from the clock that it is given', () => {
    const exempt = /^(kernel\/time\.ts|tests\/|bench\/|cli\/)/;
    const breaches = files
      .filter((file) => /^(scheduler\/(model|timetable|decide|store)|kernel)\//.test(file) && !exempt.test(file))
      .filter((file) =>
        /\bDate\.now\(|\bnew Date\(\)|\bMath\.random\(|\bsetTimeout\(|\bsetInterval\(/.test(
          readFileSync(join(packageRoot, file), 'utf8'),
        ),
      );
    expect(breaches).toEqual([]);
  });
});

function allowed(file: string, target: string): boolean {
  const from = roomOf(file);
  const to = roomOf(target);
  if (from === undefined || to === undefined || from === to) return true;
  const permitted = mayImport[from] ?? [];
  return (
    permitted.includes('*') ||
    permitted.includes(to) ||
    permitted.includes(target) ||
    permitted.some((room) => target.startsWith(`${room}/`))
  );
}

function roomOf(path: string): string | undefined {
  return rooms.find((room) => path.startsWith(`${room}/`));
}

/** The files of ours that this file imports, as paths from the root. */
function importsOf(file: string): string[] {
  const text = readFileSync(join(packageRoot, file), 'utf8');
  const specifiers = [...text.matchAll(/(?:from|import)\s*\(?\s*['"](\.[^'"]+|millrace(?:\/hitl)?)['"]/g)].map(
    (match) => match[1] as string,
  );
  return specifiers.map((specifier) => {
    if (specifier === 'millrace') return 'scheduler/index.ts';
    if (specifier === 'millrace/hitl') return 'scheduler/hitl.ts';
    return normalize(join(dirname(file), specifier)).replace(/\.js$/, '.ts');
  });
}

function sourcesUnder(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => relative(packageRoot, join(entry.parentPath, entry.name)));
}
