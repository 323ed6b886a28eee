import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { packageRoot } from '../../kernel/paths.js';
import { runMillrace } from '../support/run-millrace.js';

/** Whole programs are started, on a machine that may be busy. */
vi.setConfig({ testTimeout: 180_000 });

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'millrace-init-'));
});

afterEach(() => {
  const postgres = join(folder, 'shop', '.millrace', 'postgres');
  if (existsSync(postgres)) rmSync(realpathSync(postgres), { recursive: true, force: true });
  rmSync(folder, { recursive: true, force: true });
});

it('makes a project whose DAG runs, with its SQL model and tests, and without the bank', async () => {
  const project = join(folder, 'shop');
  expect(await runMillrace(['init', project]).ended).toBe(0);
  expect(JSON.parse(readFileSync(join(project, 'package.json'), 'utf8')).scripts.start).toBe(
    'millrace standalone --no-examples',
  );
  // What `npm install` would do.
  mkdirSync(join(project, 'node_modules'));
  symlinkSync(packageRoot, join(project, 'node_modules', 'millrace'));

  const server = runMillrace(['standalone', '--no-examples'], {}, project);
  await server.says(/ready in/);
  const trigger = async () => {
    const run = runMillrace(['dags', 'trigger', 'orders', '--wait'], {}, project);
    return [await run.ended, run.output()] as const;
  };
  let [code, output] = await trigger();
  // Its file is imported while the server starts.
  while (/DAG_NOT_FOUND/.test(output)) [code, output] = await trigger();
  expect([code, output]).toEqual([0, expect.stringMatching(/orders \S+: success\n$/)]);
  expect(output).toMatch(/shop\.\S*daily_revenue +success/);

  const list = runMillrace(['dags', 'list', '--json'], {}, project);
  expect(await list.ended).toBe(0);
  expect(JSON.parse(list.output()).map(({ dagId }: { dagId: string }) => dagId)).toEqual(['orders']);
  server.process.kill('SIGTERM');
  expect(await server.ended).toBe(0);
});

it('overwrites nothing', async () => {
  writeFileSync(join(folder, 'mine'), 'keep me');
  const init = runMillrace(['init', folder]);
  expect(await init.ended).toBe(1);
  expect(init.output()).toMatch(/is not empty.*\[REQUEST_INVALID\]/);
});
