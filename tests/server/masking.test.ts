import { appendFileSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { expect, it } from 'vitest';
import { database } from '../../scheduler/store/database.js';
import { applyOne, run } from '../../scheduler/store/driver.js';
import { fixtureNow, runIdAt, uiFixture } from '../support/ui-fixture.js';
import { uiServer } from '../support/ui-server.js';

const canary = 'canary-that-only-the-server-knows';
const dagId = 'Bank_Data_Transformation';

it('shows no secret that the server knows, wherever a task has left it', async () => {
  const fixture = await uiFixture();
  const server = await uiServer(fixture.deps);
  try {
    fixture.deps.masker.add(canary);
    const [instance] = await fixture.store.read(
      database
        .selectFrom('task_instance as ti')
        .innerJoin('dag_run as run', 'run.id', 'ti.dag_run_id')
        .select(['ti.id', 'ti.task_id', 'ti.try_number', 'run.id as run'])
        .where('run.run_id', '=', runIdAt(fixtureNow - 3 * 3_600_000))
        .where('ti.state', '=', 'failed')
        .compile(),
    );
    if (!instance) throw new Error('the fixture has no failed task instance');
    const { id, task_id: taskId, try_number: tryNumber, run: dagRunId } = instance;
    const path = fixture.deps.logPath({ dagId, dagRunId, taskId, mapIndex: -1, tryNumber });
    mkdirSync(dirname(path), { recursive: true });
    // Written by a subprocess, in two pieces: no writer of ours has seen it whole.
    appendFileSync(path, `\nraw ${canary.slice(0, 10)}`);
    appendFileSync(path, `${canary.slice(10)} end\n`);
    const json = JSON.stringify({ said: canary });
    await applyOne(fixture.store, plant(id, tryNumber, dagRunId, taskId, json));
    const task = `/dags/${dagId}/runs/${encodeURIComponent(runIdAt(fixtureNow - 3 * 3_600_000))}/tasks/${taskId}`;
    const api = `/api/v2/dags/${dagId}/dagRuns/${encodeURIComponent(runIdAt(fixtureNow - 3 * 3_600_000))}/taskInstances/${taskId}`;
    const addresses = [
      task,
      `${task}/log.txt`,
      `${task}/log-lines`,
      `${task}/xcom`,
      `${task}/rendered`,
      `${task}/result`,
      `${task}/events`,
      `/dags/${dagId}/events`,
      '/admin/audit-log',
      '/emails/1',
      '/emails/1/html',
      `${api}/logs/${tryNumber}`,
      `${api}/xcomEntries/canary`,
      api,
      '/api/v2/eventLogs',
    ];
    const shown = await Promise.all(
      addresses.map(async (address) => {
        const response = await server.get(address, { accept: address.startsWith('/api') ? 'application/json' : '*/*' });
        return { address, status: response.status, text: await response.text() };
      }),
    );
    expect(shown.map(({ address, status }) => [address, status])).toEqual(addresses.map((address) => [address, 200]));
    expect(shown.filter(({ text }) => text.includes(canary)).map(({ address }) => address)).toEqual([]);
    const hidden = shown.filter(({ text }) => text.includes('***')).map(({ address }) => address);
    expect(addresses.filter((address) => !hidden.includes(address))).toEqual([]);
  } finally {
    await server.close();
    await fixture.close();
  }
});

function* plant(id: number, tryNumber: number, dagRunId: number, taskId: string, json: string) {
  yield* run(database.deleteFrom('task_instance_detail').where('task_instance_id', '=', id).compile());
  yield* run(
    database
      .insertInto('task_instance_detail')
      .values({ task_instance_id: id, try_number: tryNumber, rendered_json: json, details_json: json })
      .compile(),
  );
  const place = { dag_run_id: dagRunId, task_id: taskId, map_index: -1, key: 'canary' };
  yield* run(
    database
      .insertInto('xcom')
      .values({ ...place, value_json: json, at: 1 })
      .compile(),
  );
  yield* run(
    database
      .insertInto('event_log')
      .values({
        at: fixtureNow,
        event: 'trigger_dag_run',
        dag_id: dagId,
        run_id: runIdAt(fixtureNow - 3 * 3_600_000),
        task_id: taskId,
        user: 'admin',
        extra_json: json,
      })
      .compile(),
  );
  yield* run(
    database
      .updateTable('email')
      .set({ text: canary, html: `<p>${canary}</p>`, subject: `s ${canary}` })
      .where('id', '=', 1)
      .compile(),
  );
}
