#!/usr/bin/env node
// Starts the compiled command; in a clone of the repository, compiles it first when the sources are newer.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const file = (path) => fileURLToPath(new URL(path, import.meta.url));

if (existsSync(file('../build.js'))) {
  const built = spawnSync(process.execPath, [file('../build.js'), '--if-stale'], { stdio: 'inherit' });
  if (built.status !== 0) process.exit(built.status ?? 1);
}
await import('../dist/cli.js');
