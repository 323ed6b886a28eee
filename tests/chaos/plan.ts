import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { Random } from '../support/random.js';
import type { Fault } from './faults/fault.js';

/** A fault to be played, and what its chance comes from. */
export interface PlannedTrial {
  fault: Pick<Fault, 'code' | 'name'>;
  seed: number;
}

/** Trials on one data folder. */
export type Session =
  | { kind: 'scheduler'; trials: { fault: Fault; seed: number }[] }
  | { kind: 'bank'; trials: PlannedTrial[] };

/** The whole bank, from its source to its mails: slow, so few. */
export const bankFault = { code: 'bank', name: 'kill -9 of server, capture, PostgreSQL or a task' };
const bankShare = 0.06;
const bankTrialsMin = 3;
/** Trials that follow each other on one data folder. */
const chainMax = 8;
const bankChainMax = 10;

/**
 * Which trials, in which folders: a function of its arguments alone. Every fault comes at least once when there are
 * trials enough; what is left is drawn by weight. `wanted`: codes such as `f1`, in lower case; all when undefined.
 */
export function planTrials(of: {
  faults: Fault[];
  trials: number;
  seed: number;
  wanted: string[] | undefined;
}): Session[] {
  const random = new Random(of.seed);
  const isWanted = (code: string) => of.wanted === undefined || of.wanted.includes(code.toLowerCase());
  const faults = of.faults.filter((fault) => isWanted(fault.code) && missing(fault) === null);
  const isOnlyBank = faults.length === 0;
  const bankTrials = !isWanted(bankFault.code)
    ? 0
    : isOnlyBank
      ? of.trials
      : Math.min(of.trials, Math.max(bankTrialsMin, Math.round(of.trials * bankShare)));
  const drawn = draw(faults, of.trials - bankTrials, random).map((fault) => ({ fault, seed: random.int(1, 2 ** 31) }));
  const banked = Array.from({ length: bankTrials }, () => ({ fault: bankFault, seed: random.int(1, 2 ** 31) }));
  const chained = drawn.filter(({ fault }) => fault.chains);
  const alone = drawn.filter(({ fault }) => !fault.chains);
  return [
    ...chunks(chained, chainMax).map((trials): Session => ({ kind: 'scheduler', trials })),
    ...alone.map((trial): Session => ({ kind: 'scheduler', trials: [trial] })),
    ...chunks(banked, bankChainMax).map((trials): Session => ({ kind: 'bank', trials })),
  ];
}

function draw(faults: Fault[], count: number, random: Random): Fault[] {
  if (faults.length === 0) return [];
  const tickets = faults.flatMap((fault) => Array.from({ length: fault.weight }, () => fault));
  const drawn = count >= faults.length ? [...faults] : [];
  while (drawn.length < count) drawn.push(random.pick(tickets));
  return shuffled(drawn, random);
}

function shuffled<Item>(items: Item[], random: Random): Item[] {
  const all = [...items];
  for (let last = all.length - 1; last > 0; last--) {
    const other = random.int(0, last);
    [all[last], all[other]] = [all[other] as Item, all[last] as Item];
  }
  return all;
}

function chunks<Item>(items: Item[], size: number): Item[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, at) => items.slice(at * size, (at + 1) * size));
}

/** One line for each thing that this machine lacks, and the faults that are left out for it. */
export function unavailable(faults: Fault[]): string[] {
  const byNeed = new Map<string, Set<string>>();
  for (const fault of faults) {
    const lack = missing(fault);
    if (lack !== null) byNeed.set(lack, (byNeed.get(lack) ?? new Set()).add(fault.code));
  }
  return [...byNeed].map(([lack, codes]) => `left out for want of ${lack}: ${[...codes].join(', ')}`);
}

function missing({ needs }: Fault): string | null {
  if (needs === undefined) return null;
  if (process.platform !== 'linux') return 'Linux';
  if (needs === 'root' && process.getuid?.() !== 0) return 'root';
  if (needs === 'strace' && !isInstalled('strace')) return 'strace';
  return null;
}

function isInstalled(program: string): boolean {
  return (process.env['PATH'] ?? '').split(delimiter).some((folder) => existsSync(join(folder, program)));
}
