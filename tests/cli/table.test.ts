import { expect, it } from 'vitest';
import { textTable } from '../../cli/table.js';

it('aligns text to the left and numbers to the right, each column as wide as its widest cell', () => {
  const text = textTable(
    ['table', 'rows'],
    [
      ['customers', 5],
      ['transactions', 12_345],
    ],
    '',
  );
  expect(text).toBe(
    ['table            rows', '────────────   ──────', 'customers           5', 'transactions   12,345', ''].join('\n'),
  );
});

it('shows the columns when there are no rows', () => {
  expect(textTable(['a', 'b'], [], '')).toBe('a   b\n─   ─\n');
});
