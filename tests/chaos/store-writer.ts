import { writeSync } from 'node:fs';
import { CompiledQuery } from 'kysely';
import { describeError } from '../../kernel/errors.js';
import { run, type Script } from '../../scheduler/store/driver.js';
import { openSqliteStore } from '../../scheduler/store/sqlite-driver.js';

/**
 * The store alone, to be killed: makes the database at the path it is given, commits batches of rows, and says on its
 * output which of them are acknowledged. Ends like the server when the disk fails, and tries again when it is full.
 */
const batches = 6;
const rowsPerBatch = 3;
const triesMax = 50;

function* write(batch: number): Script<void> {
  for (let row = 0; row < rowsPerBatch; row++) {
    const text = JSON.stringify('x'.repeat(300));
    const values = [`${batch}.${row}`, text, batch];
    yield* run(CompiledQuery.raw('insert into setting (key, value_json, updated_at) values (?, ?, ?)', values));
  }
}

const store = openSqliteStore(process.argv[2] as string, { onBroken: () => process.kill(process.pid, 'SIGKILL') });
for (let batch = 0; batch < batches; batch++) {
  for (let tries = 1; ; tries++) {
    try {
      const [outcome] = await store.transact([write(batch)]);
      if (outcome?.ok !== true) throw outcome?.error;
      break;
    } catch (thrown) {
      if (tries === triesMax) throw new Error(`batch ${batch} could not be written: ${describeError(thrown)}`);
    }
  }
  writeSync(1, `${batch}\n`);
}
await store.close();
