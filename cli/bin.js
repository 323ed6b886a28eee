#!/usr/bin/env node
// Starts the compiled command; in a clone of the repository, compiles it first when the sources are newer.
import { existsSync } from 'node:fs';

const build = new URL('../build.js', import.meta.url);
if (existsSync(build)) await (await import(build.href)).buildIfStale();
await import('../dist/cli.js');
