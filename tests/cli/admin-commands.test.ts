import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished, vi } from 'vitest';
import { adminMethods } from '../../cli/control-admin.js';
import { openControlSocket } from '../../cli/control-socket.js';
import { makeHome } from '../../cli/home.js';
import type { Scheduling } from '../../cli/scheduling.js';
import { runMillrace } from '../support/run-millrace.js';
import { startHarness } from '../support/scheduler-harness.js';

/** Whole programs are started, on a machine that may be busy. */
vi.setConfig({ testTimeout: 120_000 });

/** The commands as people type them, on the commands of a real scheduler. */
async function terminal(environment: Record<string, string> = {}) {
  const home = makeHome(mkdtempSync(join(tmpdir(), 'millrace-admin-')));
  onTestFinished(() => rmSync(home.folder, { recursive: true, force: true }));
  const harness = await startHarness({ environment });
  const { scheduler, secrets, masker, store } = harness;
  const scheduling = { scheduler, secrets, masker } as unknown as Scheduling;
  const control = await openControlSocket(home.controlSocketPath, adminMethods(scheduling, store));
  onTestFinished(() => control.close());
  return {
    harness,
    folder: home.folder,
    async millrace(...args: string[]) {
      const run = runMillrace(args, { MILLRACE_HOME: home.folder });
      return { status: await run.ended, said: run.output() };
    },
  };
}

it('connections are added, shown without secrets, exported, deleted and imported again', async () => {
  const { millrace, harness, folder } = await terminal({ AIRFLOW_CONN_MAIL: 'smtp://u:the-mail-password@h' });
  const uri = 'http://robot:the%20password@crm.example.test:8443/path?api_key=the-key&region=eu';
  expect(await millrace('connections', 'add', 'crm', '--conn-uri', uri)).toMatchObject({ status: 0 });
  expect(await millrace('connections', 'add', 'crm', '--conn-type', 'http')).toMatchObject({
    status: 1,
    said: expect.stringContaining('CONNECTION_EXISTS'),
  });
  expect(await millrace('connections', 'add', 'x', '--conn-uri', uri, '--conn-type', 'http')).toMatchObject({
    status: 1,
  });
  const shown = [await millrace('connections', 'list', '--json'), await millrace('connections', 'get', 'crm')];
  expect(JSON.stringify(shown)).not.toMatch(/the.password|the-key|the-mail-password/);
  expect(JSON.stringify(shown)).toMatch(/crm\.example\.test/);
  expect((await millrace('connections', 'get', 'crm', '--show-secrets')).said).toContain('the password');
  const before = await harness.secrets.connection('crm');
  for (const name of ['c.env', 'c.json', 'c.yaml']) {
    const file = join(folder, name);
    expect(await millrace('connections', 'export', file)).toMatchObject({ status: 0 });
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readFileSync(file, 'utf8')).not.toContain('the-mail-password');
    expect(await millrace('connections', 'delete', 'crm')).toMatchObject({ status: 0 });
    expect(await harness.secrets.connection('crm')).toBeUndefined();
    expect(await millrace('connections', 'import', file)).toMatchObject({ status: 0 });
    expect(await harness.secrets.connection('crm')).toEqual(before);
  }
  writeFileSync(join(folder, 'bad.json'), '{"good": "http://h", "bad": {"host": "h"}}');
  expect(await millrace('connections', 'import', join(folder, 'bad.json'))).toMatchObject({
    status: 1,
    said: expect.stringContaining('no conn_type'),
  });
  expect(await harness.secrets.connection('good')).toBeUndefined();
});

it('variables and pools are set, read, exported and imported', async () => {
  const { millrace, harness, folder } = await terminal();
  expect(await millrace('variables', 'set', 'city', 'Bern', '--description', 'Where')).toMatchObject({ status: 0 });
  await millrace('variables', 'set', 'api_key', 'a-secret-value');
  expect((await millrace('variables', 'list')).said).not.toContain('a-secret-value');
  expect((await millrace('variables', 'get', 'api_key')).said).toBe('a-secret-value\n');
  expect((await millrace('variables', 'get', 'none', '--default', 'x')).said).toBe('x\n');
  expect(await millrace('variables', 'set', '--json', 'j', '{')).toMatchObject({ status: 1 });
  const file = join(folder, 'v.yaml');
  await millrace('variables', 'export', file);
  await millrace('variables', 'set', 'city', 'Basel');
  expect(await millrace('variables', 'import', file, '-a', 'fail')).toMatchObject({ status: 1 });
  await millrace('variables', 'import', file, '-a', 'skip');
  expect(await harness.secrets.variable('city')).toBe('Basel');
  await millrace('variables', 'import', file);
  expect(await harness.secrets.storedVariable('city')).toEqual({ value: 'Bern', description: 'Where' });

  expect(await millrace('pools', 'set', 'wide', '-1', 'All')).toMatchObject({ status: 0 });
  expect(await millrace('pools', 'set', 'wide', 'many')).toMatchObject({ status: 2 });
  await millrace('pools', 'export', join(folder, 'p.json'));
  await millrace('pools', 'delete', 'wide');
  await millrace('pools', 'import', join(folder, 'p.json'));
  expect(JSON.parse((await millrace('pools', 'get', 'wide')).said)).toEqual({
    name: 'wide',
    slots: -1,
    description: 'All',
    include_deferred: false,
  });
  const audit = await harness.rows<{ event: string }>(
    `select distinct event from event_log where "user" = 'cli' order by 1`,
  );
  expect(audit.map(({ event }) => event)).toEqual([
    'delete_pool',
    'patch_pool',
    'patch_variable',
    'post_pool',
    'post_variable',
  ]);
});
