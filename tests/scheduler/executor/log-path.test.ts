import { basename, dirname } from 'node:path';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { type LogPlace, logPath } from '../../../scheduler/loop/attempt-request.js';

const place = fc.record<LogPlace>({
  dagId: fc.string({ minLength: 1, maxLength: 250, unit: 'grapheme' }),
  dagRunId: fc.integer({ min: 1, max: 99 }),
  taskId: fc.oneof(
    fc.string({ minLength: 1, maxLength: 250, unit: 'grapheme' }),
    fc.constantFrom('a', 'a.1', 'a.-1', '.a', '~2ea', 'ä', '~e4', 'x'.repeat(250), `${'x'.repeat(249)}y`),
  ),
  mapIndex: fc.integer({ min: -1, max: 12 }),
  tryNumber: fc.integer({ min: 1, max: 12 }),
});

it('gives every try a log file of its own, in the folder of its run', () => {
  fc.assert(
    fc.property(place, place, (one, other) => {
      const same = (Object.keys(one) as (keyof LogPlace)[]).every((name) => one[name] === other[name]);
      expect(logPath('/logs', one) === logPath('/logs', other)).toBe(same);
      const withTask = { ...one, taskId: other.taskId };
      if (one.taskId !== other.taskId) expect(logPath('/logs', withTask)).not.toBe(logPath('/logs', one));
      expect(dirname(logPath('/logs', withTask))).toBe(dirname(logPath('/logs', one)));
    }),
    { seed: 1, numRuns: 2_000 },
  );
});

it('has names that every file system takes', () => {
  fc.assert(
    fc.property(place, (one) => {
      const path = logPath('/logs', one);
      expect(path.split('/').length).toBe(5);
      expect(basename(path)).toMatch(/^[A-Za-z0-9_.~-]{1,255}$/);
      for (const part of path.split('/').slice(1)) expect(part.length).toBeLessThanOrEqual(255);
    }),
    { seed: 2, numRuns: 1_000 },
  );
});
