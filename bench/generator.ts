import pg from 'pg';
import { systemClock } from '../kernel/time.js';
import { findBankFaults } from '../sources/generators/bank/faults.js';
import { runGenerator } from '../sources/generators/bank/generator.js';
import { type Bench, measureAgainst } from './bench.js';
import { withPostgres } from './postgres.js';

/** Transactions a second in bulk, against one INSERT at a time over the same triggers. The rules are checked after. */
export const bench: Bench = (say) =>
  withPostgres(async (sourceUrl) => {
    const clock = systemClock;
    await runGenerator({ sourceUrl, clock, once: true, bulk: true, customers: 20_000, transactions: 1_000 });
    const rate = async (bulk: boolean, transactions: number) => {
      const startedAt = performance.now();
      const result = await runGenerator({ sourceUrl, clock, once: true, bulk, customers: 0, transactions });
      return (result.transactions * 1000) / (performance.now() - startedAt);
    };
    const row = await measureAgainst(
      {
        name: 'generator/bulk',
        unit: 'transactions/s',
        goal: 20_000,
        better: 'higher',
        measure: () => rate(true, 100_000),
        baseline: { name: 'one INSERT at a time', measure: () => rate(false, 2_000) },
      },
      say,
    );
    const pool = new pg.Pool({ connectionString: sourceUrl });
    const faults = await findBankFaults(pool);
    await pool.end();
    if (faults.length > 0) throw new Error(`the bank is not in order after the load: ${JSON.stringify(faults)}`);
    return [row];
  });
