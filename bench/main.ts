import { spawnSync } from 'node:child_process';
import { cpus, release } from 'node:os';
import type { Bench, BenchRow } from './bench.js';

/** `npm run bench -- <name>[:<part>]… [--json]`, or `all`: one line a benchmark, loaded when it is asked for. */
const benches: Record<string, () => Promise<{ bench: Bench; parts?: Record<string, Bench> }>> = {
  api: () => import('./api.js'),
  cdc: () => import('./cdc.js'),
  demo: () => import('./demo.js'),
  executor: () => import('./executor.js'),
  engine: () => import('./engine.js'),
  generator: () => import('./generator.js'),
  jinja: () => import('./jinja.js'),
  load: () => import('./load.js'),
  scheduler: () => import('./scheduler.js'),
  sql: () => import('./sql.js'),
};

const machine = `${cpus().length} x ${cpus()[0]?.model ?? 'unknown'}, Linux ${release()}, Node ${process.versions.node}`;
const asked = process.argv.slice(2).filter((argument) => !argument.startsWith('--'));
const names = asked.includes('all') ? Object.keys(benches) : asked;
const isJson = process.argv.includes('--json');
const unknown = names.filter((name) => !((name.split(':')[0] as string) in benches));
if (names.length === 0 || unknown.length > 0) {
  process.stderr.write(
    `usage: npm run bench -- <name>[:<part>]… [--json]\nnames: all, ${Object.keys(benches).join(', ')}\n`,
  );
  process.exit(2);
}
if (names.length === 1) await runHere(names[0] as string);
else for (const name of names) runApart(name);

async function runHere(name: string): Promise<void> {
  const rows = await (await load(name))((line) => process.stderr.write(`${name}: ${line}\n`));
  for (const row of rows) process.stdout.write(isJson ? `${JSON.stringify({ ...row, machine })}\n` : `${print(row)}\n`);
}

/** Each in a process of its own: what one leaves in memory is no burden to the next. A failure is the whole command's. */
function runApart(name: string): void {
  const args = [process.argv[1] as string, name, ...(isJson ? ['--json'] : [])];
  const { status } = spawnSync(process.execPath, args, { stdio: 'inherit' });
  if (status !== 0) process.exitCode = 1;
}

async function load(name: string): Promise<Bench> {
  const [whole = '', part] = name.split(':');
  const { bench, parts = {} } = await (benches[whole] as (typeof benches)[string])();
  if (part === undefined) return bench;
  const found = parts[part];
  if (found) return found;
  process.stderr.write(`${whole} has no part "${part}"; it has: ${Object.keys(parts).join(', ') || 'none'}\n`);
  process.exit(2);
}

function print({ name, unit, value, min, max, goal, better, baseline, ratio }: BenchRow): string {
  const goalText = goal === null ? '' : `, goal ${better === 'higher' ? '>=' : '<='} ${format(goal)}`;
  const baselineText = baseline ? `; ${baseline.name} ${format(baseline.value)}, ratio ${ratio?.toFixed(2)}` : '';
  return `${name}: ${format(value)} ${unit} [${format(min)}–${format(max)}]${goalText}${baselineText}`;
}

function format(value: number): string {
  return value >= 100 ? Math.round(value).toLocaleString('en-US') : value.toPrecision(3);
}
