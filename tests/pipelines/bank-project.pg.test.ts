import { expect, it } from 'vitest';
import { openBankProject } from '../support/bank-project.js';
import { testLake } from '../support/lake.js';

it('builds on an empty warehouse, and again', async () => {
  const lake = await testLake();
  const project = await openBankProject(lake.warehouseUrl);
  const results = await project.build();
  console.log(results.map((r) => `${r.uniqueId} ${r.status} ${r.message} ${r.compileMs}/${r.executeMs}`).join('\n'));
  await project.build();
  expect(results.length).toBeGreaterThan(60);
});
