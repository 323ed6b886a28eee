import pg from 'pg';
import { expect, it } from 'vitest';
import { testDatabase } from '../support/postgres.js';

it('a test has a PostgreSQL 18 with logical decoding of its own', async () => {
  const client = new pg.Client({ connectionString: await testDatabase() });
  await client.connect();
  const { rows } = await client.query(
    `select current_setting('wal_level') as level, current_setting('server_version_num')::int as version`,
  );
  await client.end();
  expect(rows[0].level).toBe('logical');
  expect(rows[0].version).toBeGreaterThanOrEqual(180_000);
});
