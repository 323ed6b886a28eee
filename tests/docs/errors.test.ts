import { expect, it } from 'vitest';
import { errorTable } from '../../kernel/errors.js';

/** docs/errors.md is written by this test: `npx vitest run tests/docs -u` brings it up to date. */
it('docs/errors.md lists every error code', async () => {
  const rows = Object.entries(errorTable).map(([code, { status, title }]) => `| \`${code}\` | ${status} | ${title} |`);
  const text = [
    '# Errors',
    '',
    'An error says what was wrong, what to do about it where that is known, and a code that does not change between',
    'releases. The number is the HTTP status where the error is the answer to a request.',
    '',
    '| code | HTTP | meaning |',
    '|---|---|---|',
    ...rows,
    '',
  ].join('\n');
  await expect(text).toMatchFileSnapshot('../../docs/errors.md');
});

it('the codes are in alphabetical order', () => {
  expect(Object.keys(errorTable)).toEqual(Object.keys(errorTable).sort());
});
