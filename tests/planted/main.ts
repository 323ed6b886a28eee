import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { build } from 'esbuild';
import { packageRoot } from '../../kernel/paths.js';
import { type Edit, type Mutation, mutations } from './mutations.js';

/**
 * `npm run test:planted`: plants one bug after another in a throwaway copy of the sources. The simulation must notice, or
 * else the tests that the bug names. Ends with 1 when one survives, or when a check fails without any.
 * `-- --only <words>` plants only those whose name contains the words.
 */

/** Worlds that the simulation goes through for each bug, until one breaks. */
const seeds = 40;

interface Verdict {
  /** What noticed, in a few words; empty when nothing did. */
  by: string[];
  seconds: number;
}

const only = process.argv.includes('--only') ? (process.argv[process.argv.indexOf('--only') + 1] ?? '') : '';
const planted = mutations.filter(({ name }) => name.includes(only));
const tree = copyOfTree();
const passesClean = new Map<string, boolean>();
try {
  process.exitCode = (await main()) ? 0 : 1;
} finally {
  rmSync(tree, { recursive: true, force: true });
}

async function main(): Promise<boolean> {
  if (planted.length === 0) {
    console.error(`no planted bug is called ${only}: there are ${mutations.map(({ name }) => name).join(', ')}`);
    return false;
  }
  const clean = await simulated();
  console.log(`${'none'.padEnd(30)} ${spell(clean.seconds)}  ${clean.by.join(', ') || 'nothing is noticed'}`);
  if (clean.by.length > 0) return false;
  const survivors: string[] = [];
  for (const mutation of planted) {
    const { by, seconds } = await noticed(mutation);
    const verdict = by.length > 0 ? `caught by ${by.join(', ')}` : 'SURVIVED';
    console.log(`${mutation.name.padEnd(30)} ${spell(seconds)}  ${verdict}\n${''.padEnd(39)} ${mutation.mistake}`);
    if (by.length === 0) survivors.push(mutation.name);
  }
  const outcome = `${survivors.length} of ${planted.length} survived: ${survivors.join(', ')}`;
  console.log(survivors.length > 0 ? outcome : `all ${planted.length} were caught`);
  return survivors.length === 0;
}

async function noticed(mutation: Mutation): Promise<Verdict> {
  const simulation = await withBug(mutation, simulated);
  if (simulation.by.length > 0) return simulation;
  for (const file of mutation.checks) if (!isClean(file)) throw new Error(`${file} fails without a bug`);
  const tests = await withBug(mutation, async () => tested(mutation.checks));
  return { by: tests.by, seconds: simulation.seconds + tests.seconds };
}

async function withBug(edit: Edit & { also?: Edit }, check: () => Promise<Verdict>): Promise<Verdict> {
  const { file, find, replace, also } = edit;
  if (also) return withBug(also, () => withBug({ file, find, replace }, check));
  const path = join(tree, file);
  const source = readFileSync(path, 'utf8');
  if (source.split(find).length !== 2) throw new Error(`${file} does not hold this text, once: ${find}`);
  writeFileSync(
    path,
    source.replace(find, () => replace),
  );
  try {
    return await check();
  } finally {
    writeFileSync(path, source);
  }
}

/** Whether a file of tests passes in the copy as it is. */
function isClean(file: string): boolean {
  const known = passesClean.get(file) ?? tested([file]).by.length === 0;
  passesClean.set(file, known);
  return known;
}

/** Runs the simulation in the copy, until a promise is broken. */
async function simulated(): Promise<Verdict> {
  const began = performance.now();
  const outfile = join(tree, 'dist/simulation.js');
  await build({
    absWorkingDir: tree,
    entryPoints: ['tests/simulation/main.ts'],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    packages: 'external',
    logLevel: 'error',
  });
  const { stdout, stderr, status } = spawnSync(process.execPath, [outfile, '--seeds', String(seeds), '--bail'], {
    cwd: tree,
    encoding: 'utf8',
    timeout: 900_000,
  });
  const seed = /^seed \d+/m.exec(stdout)?.[0];
  if (status !== 0 && !seed) throw new Error(`the simulation could not be run: ${(stderr || stdout).slice(-2_000)}`);
  return { by: seed ? [`the simulation (${seed})`] : [], seconds: secondsSince(began) };
}

/** Runs files of tests in the copy. Throws when they could not be run. */
function tested(files: string[]): Verdict {
  const began = performance.now();
  const report = join(tree, 'planted.json');
  rmSync(report, { force: true });
  const given = ['run', '--project', 'unit', '--bail', '1', '--reporter=json', `--outputFile=${report}`, ...files];
  const { stderr } = spawnSync(join(packageRoot, 'node_modules/.bin/vitest'), given, {
    cwd: tree,
    encoding: 'utf8',
    timeout: 900_000,
  });
  if (!existsSync(report)) throw new Error(`the tests could not be run: ${stderr.slice(-2_000)}`);
  const { testResults } = JSON.parse(readFileSync(report, 'utf8')) as {
    testResults: { name: string; status: string; assertionResults: { status: string; fullName: string }[] }[];
  };
  const by = testResults.flatMap(({ name, status, assertionResults }) => {
    const file = name.slice(name.indexOf('/tests/') + 1);
    const test = assertionResults.find((one) => one.status === 'failed')?.fullName;
    return test || status === 'failed' ? [`${file} (${test ?? 'the file itself'})`] : [];
  });
  return { by, seconds: secondsSince(began) };
}

function secondsSince(began: number): number {
  return Math.round((performance.now() - began) / 1_000);
}

function spell(seconds: number): string {
  return `${seconds} s`.padStart(6);
}

/** What git tracks, and what it would: a copy outside, with the same packages. */
function copyOfTree(): string {
  const copy = mkdtempSync(join(tmpdir(), 'millrace-planted-'));
  const listed = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
    cwd: packageRoot,
    encoding: 'utf8',
  });
  for (const file of listed.split('\0').filter((name) => name !== '' && existsSync(join(packageRoot, name)))) {
    mkdirSync(dirname(join(copy, file)), { recursive: true });
    cpSync(join(packageRoot, file), join(copy, file));
  }
  symlinkSync(join(packageRoot, 'node_modules'), join(copy, 'node_modules'));
  return copy;
}
