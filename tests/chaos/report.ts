import { type Finding, findingLine, groupBy } from './finding.js';
import type { PlannedTrial } from './plan.js';

/** What became of the trials of one data folder. */
export interface SessionResult {
  folder: string;
  trials: (Pick<PlannedTrial, 'fault'> & { recoveries: number[]; isMissed: boolean })[];
  findings: Finding[];
  /** What stopped it before its judgement. */
  error: string | null;
  seconds: number;
}

export function isBroken({ findings, error }: SessionResult): boolean {
  return error !== null || findings.some(({ faults }) => faults.length > 0);
}

/** Says how one folder's trials went; all findings when `isDetailed`, otherwise those that are broken. */
export function tell(result: SessionResult, isDetailed: boolean): void {
  const { trials, findings, error, seconds, folder } = result;
  const counts = [...groupBy(trials, ({ fault }) => label(fault))].map(([name, all]) =>
    all.length === 1 ? name : `${all.length} x ${name}`,
  );
  console.log(`${isBroken(result) ? 'FAILED' : 'ok    '} ${counts.join(', ')} (${seconds.toFixed(1)} s)`);
  const shown = isDetailed ? findings : findings.filter(({ faults }) => faults.length > 0);
  for (const one of shown) console.log(`       ${findingLine(one)}`);
  if (error !== null) console.log(`       ${error.trimEnd().replaceAll('\n', '\n       ')}`);
  if (isDetailed || isBroken(result)) console.log(`       kept: ${folder}`);
}

/** A line for each fault; resolves to how many checks are broken. */
export function printTable(results: SessionResult[]): number {
  const rows = [...groupBy(results.flatMap(trialsOf), ({ name }) => name)]
    .map(([name, trials]) => rowOf(name, trials))
    .sort((a, b) => String(a[0]).localeCompare(String(b[0]), 'en', { numeric: true }));
  const lost = results.reduce((sum, result) => sum + count(result, 'lost'), 0);
  const twice = results.reduce((sum, result) => sum + count(result, 'twice'), 0);
  const broken = results.reduce((sum, result) => sum + countBroken(result), 0);
  const all = rowOf('all', results.flatMap(trialsOf));
  const heads = ['fault', 'trials', 'failed', 'not reached', 'recovery p50 ms', 'max ms'];
  const table = [heads, ...rows, all];
  const widths = heads.map((_, column) => Math.max(...table.map((row) => String(row[column]).length)));
  console.log();
  for (const row of table) {
    console.log(row.map((cell, column) => pad(String(cell), widths[column] as number, column > 0)).join('  '));
  }
  console.log(`\nlost: ${lost}, twice: ${twice}, other faults: ${broken - lost - twice}`);
  return broken;
}

interface CountedTrial {
  name: string;
  recoveries: number[];
  isBroken: boolean;
  isMissed: boolean;
}

/** The judgement is of the folder: all of its trials share it. */
function trialsOf(result: SessionResult): CountedTrial[] {
  return result.trials.map(({ fault, ...trial }) => ({ ...trial, name: label(fault), isBroken: isBroken(result) }));
}

function rowOf(name: string, trials: CountedTrial[]): (string | number)[] {
  const times = trials.flatMap(({ recoveries }) => recoveries).sort((a, b) => a - b);
  const [median, longest] = [times[Math.floor(times.length / 2)], times.at(-1)];
  return [
    name,
    trials.length,
    trials.filter(({ isBroken }) => isBroken).length,
    trials.filter(({ isMissed }) => isMissed).length,
    median === undefined ? '-' : Math.round(median),
    longest === undefined ? '-' : Math.round(longest),
  ];
}

function label({ code, name }: PlannedTrial['fault']): string {
  return `${code} ${name}`;
}

function count({ findings }: SessionResult, kind: Finding['kind']): number {
  return findings.filter((one) => one.kind === kind).reduce((sum, { faults }) => sum + faults.length, 0);
}

function countBroken(result: SessionResult): number {
  const kinds = ['lost', 'twice', 'other'] as const;
  return kinds.reduce((sum, kind) => sum + count(result, kind), 0) + (result.error === null ? 0 : 1);
}

function pad(text: string, width: number, isNumber: boolean): string {
  return isNumber ? text.padStart(width) : text.padEnd(width);
}
