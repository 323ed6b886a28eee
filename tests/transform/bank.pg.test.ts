import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { packageRoot } from '../../kernel/paths.js';
import { openAdapter } from '../../transform/index.js';
import { testDatabase } from '../support/postgres.js';
import { build, firstFault } from './projects.js';

describe("the bank's project", () => {
  it('builds on an empty warehouse, twice', async () => {
    const url = await testDatabase();
    const adapter = await openAdapter({ url, threads: 1 });
    await adapter.withConnection((connection) =>
      connection.query(readFileSync(join(packageRoot, 'sql/warehouse/bootstrap.sql'), 'utf8')),
    );
    await adapter.close();
    for (const _ of [1, 2]) {
      const results = await build(join(packageRoot, 'sql/bank'), url);
      expect(firstFault(results)).toBeUndefined();
    }
  });
});
