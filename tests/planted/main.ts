import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { packageRoot } from '../../kernel/paths.js';
import { type Mutation, mutations } from './mutations.js';

/**
 * `npm run test:planted`: plants one bug after another in a throwaway copy of the sources and runs the checks that
 * should notice. Ends with 1 when one survives, or when the checks fail without any. `-- --only <words>` plants only
 * those whose name contains the words.
 */

const simulation = 'tests/simulation/simulation.test.ts';
/** Worlds that the simulation goes through for each bug. */
const seeds = 12;

interface Verdict {
  failed: { file: string; test: string }[];
  seconds: number;
}

const only = process.argv.includes('--only') ? (process.argv[process.argv.indexOf('--only') + 1] ?? '') : '';
const planted = mutations.filter(({ name }) => name.includes(only));
const tree = copyOfTree();
try {
  process.exitCode = main() ? 0 : 1;
} finally {
  rmSync(tree, { recursive: true, force: true });
}

function main(): boolean {
  if (planted.length === 0) {
    console.error(`no planted bug is called ${only}: there are ${mutations.map(({ name }) => name).join(', ')}`);
    return false;
  }
  const checks = [...new Set([simulation, ...planted.flatMap((mutation) => mutation.checks)])];
  console.log(`${planted.length} bugs to plant; first the ${checks.length} files of checks as they are …`);
  const clean = run(checks);
  for (const { file, test } of clean.failed) console.error(`fails without a bug: ${file} > ${test}`);
  if (clean.failed.length > 0) return false;
  const survivors = planted.filter((mutation) => !isCaught(mutation));
  const [first] = survivors;
  console.log(
    first
      ? `${survivors.length} of ${planted.length} survived: ${survivors.map(({ name }) => name).join(', ')}`
      : `all ${planted.length} were caught`,
  );
  return first === undefined;
}

function isCaught(mutation: Mutation): boolean {
  const path = join(tree, mutation.file);
  const source = readFileSync(path, 'utf8');
  if (source.split(mutation.find).length !== 2)
    throw new Error(`${mutation.file} does not hold, once, the text of ${mutation.name}: ${mutation.find}`);
  writeFileSync(
    path,
    source.replace(mutation.find, () => mutation.replace),
  );
  try {
    const { failed, seconds } = run([simulation, ...mutation.checks]);
    const by = [...new Set(failed.map(({ file, test }) => (file === simulation ? `simulation (${test})` : file)))];
    const verdict = by.length > 0 ? `caught by ${by.join(', ')}` : 'SURVIVED';
    console.log(`${mutation.name.padEnd(30)} ${`${seconds} s`.padStart(6)}  ${verdict}`);
    console.log(`${''.padEnd(38)} ${mutation.mistake}`);
    return by.length > 0;
  } finally {
    writeFileSync(path, source);
  }
}

/** Runs the checks in the copy; which tests failed. Throws when they could not be run. */
function run(files: string[]): Verdict {
  const began = performance.now();
  const report = join(tree, 'planted.json');
  rmSync(report, { force: true });
  const arguments_ = ['run', '--project', 'unit', '--reporter=json', `--outputFile=${report}`, ...files];
  const { stderr } = spawnSync(join(packageRoot, 'node_modules/.bin/vitest'), arguments_, {
    cwd: tree,
    env: { ...process.env, SIMULATION_SEED: '1', SIMULATION_SEEDS: String(seeds) },
    encoding: 'utf8',
    timeout: 900_000,
  });
  if (!existsSync(report)) throw new Error(`the checks could not be run: ${stderr.slice(-2_000)}`);
  const { testResults } = JSON.parse(readFileSync(report, 'utf8')) as {
    testResults: { name: string; status: string; assertionResults: Assertion[] }[];
  };
  const failed = testResults.flatMap(({ name, status, assertionResults }) => {
    const file = name.slice(name.indexOf('/tests/') + 1);
    const tests = assertionResults.filter((one) => one.status === 'failed').map((one) => ({ file, test: saidOf(one) }));
    return tests.length === 0 && status === 'failed' ? [{ file, test: 'the file itself' }] : tests;
  });
  return { failed, seconds: Math.round((performance.now() - began) / 1_000) };
}

interface Assertion {
  status: string;
  fullName: string;
  failureMessages: string[];
}

/** The seed that shows it, or what is called for. */
function saidOf({ fullName, failureMessages }: Assertion): string {
  return /SIMULATION_SEED=\d+/.exec(failureMessages[0] ?? '')?.[0] ?? fullName;
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
