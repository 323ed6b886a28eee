import { randomInt } from 'node:crypto';
import pg from 'pg';
import { type Clock, sleep } from '../../../kernel/time.js';
import { generateBulk } from './bulk.js';
import { generateRound, noResult, type RoundCounts, type RoundResult } from './round.js';
import { ensureBankSchema } from './schema.js';

export interface GeneratorOptions extends Partial<RoundCounts> {
  sourceUrl: string;
  /** One round instead of a loop. */
  once?: boolean;
  /** Set-based: customers and transactions only, in large batches. */
  bulk?: boolean;
  /** From the start of one round to the start of the next. */
  intervalMs?: number;
  /** The same rows for the same seed on an empty database; random when unset. */
  seed?: number;
  clock: Clock;
}

export const generatorDefaults = {
  customers: 5,
  accountsPerCustomer: 2,
  transactions: 25,
  amountMax: 1000,
  intervalMs: 2000,
} as const;

/**
 * Generates rounds of bank data until the signal aborts, or one with `once`. Makes the schema first. Answers what all
 * rounds did together; `onRound` gets each.
 */
export async function runGenerator(
  options: GeneratorOptions,
  { signal, onRound }: { signal?: AbortSignal; onRound?: (result: RoundResult) => void } = {},
): Promise<RoundResult> {
  const { clock, once = false, bulk = false, intervalMs = generatorDefaults.intervalMs } = options;
  const seed = options.seed ?? randomInt(2 ** 31);
  const total = { ...noResult };
  const pool = new pg.Pool({ connectionString: options.sourceUrl, max: 2, application_name: 'millrace generator' });
  // An idle connection that the server ends is replaced when the next round needs one.
  pool.on('error', () => {});
  try {
    await ensureBankSchema(pool);
    for (let round = 0; !signal?.aborted; round++) {
      const startedAt = clock.monotonic();
      const plan = { pool, counts: countsOf(options), seed: seed + round, now: clock.now(), ...(signal && { signal }) };
      const result = await (bulk ? generateBulk(plan) : generateRound(plan));
      for (const key of Object.keys(total) as (keyof RoundResult)[]) total[key] += result[key];
      onRound?.(result);
      if (once) break;
      await pause(clock, intervalMs - (clock.monotonic() - startedAt), signal);
    }
    return total;
  } finally {
    await pool.end();
  }
}

function countsOf(options: GeneratorOptions): RoundCounts {
  const { customers, accountsPerCustomer, transactions, amountMax } = { ...generatorDefaults, ...defined(options) };
  return { customers, accountsPerCustomer, transactions, amountMax };
}

function defined(options: GeneratorOptions): Partial<RoundCounts> {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}

async function pause(clock: Clock, delayMs: number, signal: AbortSignal | undefined): Promise<void> {
  try {
    await sleep(clock, delayMs, signal);
  } catch (error) {
    if (!signal?.aborted) throw error;
  }
}
