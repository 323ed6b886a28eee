import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { packageRoot } from '../../kernel/paths.js';

const rows = readFileSync(join(packageRoot, 'docs', 'semantics.md'), 'utf8')
  .split('\n')
  .flatMap((line) => [...line.matchAll(/^\| (.+) \| \[.+\]\(\.\.\/(tests\/.+?)\) \| (.+) \|$/g)])
  .map(([, rule, file, name]) => ({ rule, file: file as string, name: name as string }));

it('docs/semantics.md names tests that are there', () => {
  expect(rows.length).toBeGreaterThan(60);
  const missing = rows.filter(({ file, name }) => {
    const path = join(packageRoot, file);
    return !existsSync(path) || !readFileSync(path, 'utf8').includes(name);
  });
  expect(missing).toEqual([]);
});
