import fc from 'fast-check';
import { expect, it } from 'vitest';
import { planBatches } from '../../../../scheduler/operators/file-load/plan-batches.js';

const files = fc
  .uniqueArray(
    fc.record({ key: fc.stringMatching(/^[a-d]\/[0-9]{1,4}$/), size: fc.integer({ min: 0, max: 400_000_000 }) }),
    { selector: (file) => file.key, maxLength: 200 },
  )
  .map((list) => list.map((file) => ({ ...file, etag: 'e' })).sort((a, b) => (a.key < b.key ? -1 : 1)));

it('puts every file into exactly one batch, in order, and never makes too many batches', () => {
  fc.assert(
    fc.property(files, fc.integer({ min: 1, max: 64 }), (list, limit) => {
      const batches = planBatches(list, limit);
      expect(batches.length).toBeLessThanOrEqual(limit);
      expect(batches.flatMap((batch) => batch.files)).toEqual(list);
      expect(batches.every((batch) => batch.files.length > 0)).toBe(true);
    }),
  );
});

it('keeps few small files of a table together, and gives large ones batches of their own', () => {
  const file = (key: string, size: number) => ({ key, etag: 'e', size });
  const mb = 1024 * 1024;
  expect(planBatches([]).length).toBe(0);
  expect(planBatches([file('a/1', 10), file('a/2', 10), file('b/1', 10)]).map((batch) => batch.label)).toEqual([
    'a: 2 files',
    'b: 1 file',
  ]);
  const large = planBatches(Array.from({ length: 10 }, (_, index) => file(`a/${index}`, 64 * mb)));
  expect(large.length).toBe(10);
});
