// Compiles the sources to dist/ with esbuild: `npm run build`. Run with --if-stale, it does nothing when dist/ is newer.
import { readdirSync, statSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(fileURLToPath(import.meta.url));
const folders = [
  'kernel',
  'scheduler',
  'transform',
  'connectors',
  'sources',
  'server',
  'cli',
  'tests/chaos',
  'tests/planted',
  'tests/simulation',
  'tests/support',
  'bench',
];

/** What a process can be started with: dist/<name>.js. Entries share chunks, so a module is one instance in a process. */
const entries = {
  cli: 'cli/main.ts',
  index: 'scheduler/index.ts',
  hitl: 'scheduler/hitl.ts',
  'task-child': 'scheduler/executor/child.ts',
  'loader-child': 'scheduler/dag/loader-child.ts',
  'store-reader': 'scheduler/store/reader-worker.ts',
  cdc: 'sources/cdc/process.ts',
  'duckdb-host': 'connectors/duckdb-host.ts',
  generator: 'sources/generators/process.ts',
  chaos: 'tests/chaos/main.ts',
  'chaos-store-writer': 'tests/chaos/store-writer.ts',
  planted: 'tests/planted/main.ts',
  simulation: 'tests/simulation/main.ts',
  bench: 'bench/main.ts',
  screenshots: 'tests/support/screenshots-main.ts',
};

if (process.argv[1] === fileURLToPath(import.meta.url) && (!process.argv.includes('--if-stale') || isStale())) {
  await build();
}

/** For the command, which compiles a clone that is newer than dist/ before it starts. */
export async function buildIfStale() {
  if (isStale()) await build();
}

async function build() {
  const { build: bundle, stop } = await import('esbuild');
  const present = Object.fromEntries(Object.entries(entries).filter(([, path]) => exists(join(root, path))));
  await rm(join(root, 'dist'), { recursive: true, force: true });
  await bundle({
    absWorkingDir: root,
    entryPoints: present,
    outdir: 'dist',
    bundle: true,
    splitting: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    packages: 'external',
    sourcemap: true,
    loader: { '.sql': 'text' },
    logLevel: 'warning',
  });
  await stop();
}

function isStale() {
  const built = modified(join(root, 'dist', 'cli.js'));
  if (built === undefined) return true;
  return folders.some((folder) => newest(join(root, folder)) > built);
}

function newest(folder) {
  let latest = 0;
  for (const entry of exists(folder) ? readdirSync(folder, { withFileTypes: true }) : []) {
    const path = join(folder, entry.name);
    latest = Math.max(
      latest,
      entry.isDirectory() ? newest(path) : /\.(ts|sql)$/.test(entry.name) ? (modified(path) ?? 0) : 0,
    );
  }
  return latest;
}

function exists(path) {
  return modified(path) !== undefined;
}

function modified(path) {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs;
}
