import { it } from 'vitest';
import { openBankProject } from '../support/bank-project.js';
import { testLake } from '../support/lake.js';
import { changeEvent, eventTime, jsonl } from '../support/change-events.js';
import { listNewFiles, loadBatch } from '../../scheduler/operators/file-load/index.js';
it('x', async () => {
  const lake = await testLake();
  const project = await openBankProject(lake.warehouseUrl);
  await project.build();
  const r = { id: 1, first_name: 'a', last_name: 'b', email: 'c', created_at: new Date(eventTime).toISOString() };
  await lake.store.put('customers/date=2026-01-15/x.jsonl', Buffer.from(jsonl([changeEvent({ lsn: 100, at: eventTime, after: r })])));
  const { files } = await listNewFiles(lake, { now: eventTime, full: true });
  await loadBatch(lake, files, { runId: 'run' });
  for (let i = 0; i < 1; i++) {
    const res = await project.build({ fullRefresh: true });
    console.log(res.filter((x) => /cust/.test(x.uniqueId) && x.uniqueId.startsWith('model')).map((x) => x.uniqueId + ' ' + x.message).join('\n'));
    if (i==0) for (const x of res) if (x.uniqueId.includes('customer') && x.uniqueId.startsWith('model')) for (const s of x.statements) console.log(s.rowsAffected, s.sql);
  }
});
