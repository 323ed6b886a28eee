import { systemClock } from '../../kernel/time.js';
import { runGenerator } from '../../sources/generators/bank/generator.js';
import type { RoundResult } from '../../sources/generators/bank/round.js';
import { serverDatabase } from '../server-database.js';

export interface GenerateOptions {
  once?: boolean;
  bulk?: boolean;
  customers?: number;
  accountsPerCustomer?: number;
  transactions?: number;
  amountMax?: number;
  /** Seconds. */
  interval?: number;
  seed?: number;
}

/** `millrace generate bank`: rounds of bank data into the source, until Ctrl-C, or one with `--once`. */
export async function generateBank({ interval, ...options }: GenerateOptions): Promise<void> {
  const sourceUrl = await serverDatabase('source');
  const ending = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => ending.abort());
  const startedAt = performance.now();
  const total = await runGenerator(
    { ...options, ...(interval === undefined ? {} : { intervalMs: interval * 1_000 }), sourceUrl, clock: systemClock },
    { signal: ending.signal, onRound: (result) => process.stdout.write(`${describeRound(result)}\n`) },
  );
  const seconds = (performance.now() - startedAt) / 1_000;
  if (!options.once) process.stdout.write(`In all, in ${seconds.toFixed(1)} s: ${describeRound(total)}\n`);
}

/** Only what happened: `5 customers, 10 accounts, 23 transactions, 2 rejected`. */
function describeRound(result: RoundResult): string {
  const parts = Object.entries(result).filter(([, count]) => count > 0);
  return parts.length === 0
    ? 'nothing'
    : parts.map(([name, count]) => `${count.toLocaleString('en-US')} ${name}`).join(', ');
}
