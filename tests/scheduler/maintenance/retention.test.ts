import { existsSync, mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { startJobs } from '../../../scheduler/maintenance/jobs.js';
import { createRetention } from '../../../scheduler/maintenance/retention.js';
import { chain, dag } from '../../support/dag-builder.js';
import { startHarness } from '../../support/scheduler-harness.js';

const dayMs = 86_400_000;

it('lets go of old runs and their logs, but not of the run that says where the schedule goes on', async () => {
  const logFolder = mkdtempSync(join(tmpdir(), 'millrace-logs-'));
  onTestFinished(() => rmSync(logFolder, { recursive: true, force: true }));
  let h = await startHarness({ now: Date.UTC(2026, 0, 1, 12) });
  const schedule = { kind: 'cron' as const, crons: ['0 0 * * *'], interval: false, summary: 'daily' };
  await h.declare(dag({ dagId: 'd', tasks: chain(2), schedule, startDate: Date.UTC(2025, 11, 1) }));
  await h.advanceBy(5 * dayMs);
  await h.scheduler.commands.setPaused('d', true, { user: 'x', via: 'test' });
  await h.advanceBy(40 * dayMs);
  const runs = await h.rows<{ id: number }>('select id from dag_run order by id');
  expect(runs.length).toBeGreaterThan(4);
  for (const { id } of runs) {
    const folder = join(logFolder, 'd', `${id}`);
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, '1.log'), 'x');
    const days = id === runs.at(-1)?.id ? 0 : 40;
    utimesSync(folder, new Date(h.clock.now() - days * dayMs), new Date(h.clock.now() - days * dayMs));
  }
  const retention = createRetention({ store: h.store, clock: h.clock, logFolder, runsDays: 30, logsDays: 30 });
  expect(await retention.runOnce()).toEqual({ runs: runs.length - 1, logs: runs.length - 1 });
  expect(existsSync(join(logFolder, 'd', `${runs.at(-1)?.id}`))).toBe(true);
  expect(await h.rows('select count(*) as n from task_instance')).toEqual([{ n: 2 }]);
  h = await h.crash();
  const runId = await h.trigger('d');
  const [row] = await h.rows<{ id: number }>('select id from dag_run where run_id = ?', runId);
  expect(row?.id).toBe((runs.at(-1)?.id ?? 0) + 1);
});

it('keeps jobs going after one has failed, and says so', async () => {
  const h = await startHarness();
  const said: string[] = [];
  let rounds = 0;
  const job = {
    name: 'job',
    everyMs: 1_000,
    async runOnce() {
      rounds += 1;
      if (rounds === 1) throw new Error('boom');
      return { rows: rounds };
    },
  };
  const stop = startJobs({
    jobs: [job],
    clock: h.clock,
    report: (name, done) => said.push(`${name} ${JSON.stringify(done)}`),
  });
  await h.advanceBy(2_500);
  stop();
  await h.advanceBy(10_000);
  expect(said).toEqual(['job {"error":"boom"}', 'job {"rows":2}']);
});
