import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { readSettings, settingNames } from '../../kernel/config.js';
import { packageRoot } from '../../kernel/paths.js';

const read = (path: string) => readFileSync(join(packageRoot, path), 'utf8');

/** Defaults that are made when the program starts, and so are described instead of written down. */
const computed = new Set(['MILLRACE_HOME', 'MILLRACE_PARALLELISM']);

/** The default as a person writes it; '' when there is none. */
function defaultText(name: (typeof settingNames)[number]): string {
  const value = readSettings({})[name];
  return value === undefined ? '' : String(value);
}

it('docs/settings.md lists every setting once, and no other', () => {
  const listed = [...read('docs/settings.md').matchAll(/^\| `([A-Z_]+)` \|/gm)].map((match) => match[1]);
  expect([...listed].sort()).toEqual([...settingNames].sort());
});

it('docs/settings.md says the defaults that the program has', () => {
  const rows = [...read('docs/settings.md').matchAll(/^\| `([A-Z_]+)` \| (?:`(.*?)`)? ?\|/gm)];
  const said = Object.fromEntries(rows.map(([, name, value]) => [name, value ?? '']));
  for (const name of settingNames)
    if (!computed.has(name)) expect([name, said[name]]).toEqual([name, defaultText(name)]);
});

it('.env.example lists every setting, commented out, with its default', () => {
  const lines = [...read('.env.example').matchAll(/^# ([A-Z_]+)="?(.*?)"?$/gm)];
  const said = Object.fromEntries(lines.map(([, name, value]) => [name, value]));
  expect(Object.keys(said).sort()).toEqual([...settingNames].sort());
  for (const name of settingNames)
    if (!computed.has(name)) expect([name, said[name]]).toEqual([name, defaultText(name)]);
  expect(read('.env.example')).not.toMatch(/^[A-Z]/m);
});
