import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { homeAt, homeSecret } from '../../cli/home.js';

function newHome() {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-home-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return homeAt(folder);
}

it('is made once, for its owner alone, and leaves nothing else behind', () => {
  const home = newHome();
  const secret = homeSecret(home, 'admin.password');
  expect(secret).toMatch(/^[\w-]{43}$/);
  expect(homeSecret(home, 'admin.password')).toBe(secret);
  expect(statSync(join(home.folder, 'admin.password')).mode & 0o777).toBe(0o600);
  expect(readdirSync(home.folder)).toEqual(['admin.password']);
});

it('is not the empty text of a file whose writing was cut off', () => {
  const home = newHome();
  const path = join(home.folder, 'admin.password');
  writeFileSync(path, '');
  const secret = homeSecret(home, 'admin.password');
  expect(secret).toMatch(/^[\w-]{43}$/);
  expect(readFileSync(path, 'utf8').trim()).toBe(secret);
});
