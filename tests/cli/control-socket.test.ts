import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { askServer, openControlSocket } from '../../cli/control-socket.js';
import { MillraceError } from '../../kernel/errors.js';

let folder: string;
let path: string;
let close: (() => Promise<void>) | undefined;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'millrace-socket-'));
  path = join(folder, 'control.sock');
});

afterEach(async () => {
  await close?.();
  close = undefined;
  rmSync(folder, { recursive: true, force: true });
});

async function open(methods: Parameters<typeof openControlSocket>[1]): Promise<void> {
  ({ close } = await openControlSocket(path, methods));
}

it('hands the parameters to the method and its value back', async () => {
  await open({ add: async ({ a, b }) => Number(a) + Number(b) });
  expect(await askServer(path, 'add', { a: 2, b: 40 })).toBe(42);
});

it('carries values larger than one packet, in both directions', async () => {
  await open({ echo: async ({ text }) => text ?? null });
  const text = 'ä'.repeat(1_000_000);
  expect(await askServer(path, 'echo', { text })).toBe(text);
});

it('answers several commands at the same time', async () => {
  await open({ double: async ({ n }) => Number(n) * 2 });
  const asked = Array.from({ length: 50 }, (_, n) => askServer(path, 'double', { n }));
  expect(await Promise.all(asked)).toEqual(Array.from({ length: 50 }, (_, n) => n * 2));
});

it('carries errors with code and hint', async () => {
  await open({
    fail: async () => {
      throw new MillraceError('DAG_NOT_FOUND', 'No DAG is called x.', { hint: 'See `millrace dags list`.' });
    },
  });
  await expect(askServer(path, 'fail')).rejects.toMatchObject({
    code: 'DAG_NOT_FOUND',
    message: 'No DAG is called x.',
    hint: 'See `millrace dags list`.',
  });
});

it.each(['toString', '__proto__', 'nothing'])('refuses a method that is not there: %s', async (method) => {
  await open({});
  await expect(askServer(path, method)).rejects.toMatchObject({ code: 'REQUEST_INVALID' });
});

it('can be opened by its owner alone', async () => {
  await open({});
  expect(statSync(path).mode & 0o777).toBe(0o600);
});

it('says that no server runs when there is no socket, or one that a killed server left', async () => {
  await expect(askServer(path, 'x')).rejects.toMatchObject({ code: 'SERVER_UNREACHABLE' });
  writeFileSync(path, '');
  await expect(askServer(path, 'x')).rejects.toMatchObject({ code: 'SERVER_UNREACHABLE' });
  await open({ x: async () => 'alive' });
  expect(await askServer(path, 'x')).toBe('alive');
});

it('leaves no socket behind when it is closed', async () => {
  await open({});
  await close?.();
  close = undefined;
  expect(existsSync(path)).toBe(false);
});
