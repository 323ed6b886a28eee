import { expect, it } from 'vitest';
import { openBankProject } from '../support/bank-project.js';
import { testLake } from '../support/lake.js';

it('builds on an empty warehouse, and again, with guards in the database', async () => {
  const lake = await testLake();
  const project = await openBankProject(lake.warehouseUrl);
  await project.build();
  await project.build();
  const { rows } = await lake.warehouse.query(
    `select conrelid::regclass::text as relation from pg_constraint where contype = 'x' order by 1`,
  );
  expect(rows).toEqual([{ relation: 'analytics.dim_accounts' }, { relation: 'analytics.dim_customers' }]);
  const version = `insert into analytics.dim_accounts (version_id, account_id, effective_from, effective_to, is_current)`;
  await lake.warehouse.query(
    `${version} values ('a', 1, '2026-01-01', '2026-02-01', false), ('b', 1, '2026-02-01', null, true)`,
  );
  await expect(
    lake.warehouse.query(`${version} values ('c', 1, '2026-01-15', '2026-01-16', false)`),
  ).rejects.toMatchObject({ code: '23P01' });
  await expect(
    lake.warehouse.query(`${version} values ('d', 1, '2026-03-01', '2026-03-01', true)`),
  ).rejects.toMatchObject({ code: '23505' });
});
