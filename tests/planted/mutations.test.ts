import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { packageRoot } from '../../kernel/paths.js';
import { mutations } from './mutations.js';

describe.each(mutations)('the planted bug $name', (mutation) => {
  it('still has its place in the source, once, and checks that exist', () => {
    for (const { file, find, replace } of [mutation, ...(mutation.also ? [mutation.also] : [])]) {
      expect(readFileSync(join(packageRoot, file), 'utf8').split(find)).toHaveLength(2);
      expect(replace).not.toBe(find);
    }
    for (const check of mutation.checks) expect(existsSync(join(packageRoot, check)), check).toBe(true);
  });
});
