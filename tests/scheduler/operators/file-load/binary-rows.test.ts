import fc from 'fast-check';
import { expect, it } from 'vitest';
import { binaryRows } from '../../../../scheduler/operators/file-load/binary-rows.js';

const line = fc.string({ maxLength: 12 }).map((text) => text.replaceAll('\n', ''));

it('makes a row of each line, wherever the chunks are cut', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(line, { maxLength: 12 }),
      fc.boolean(),
      fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 }),
      async (lines, endsWithNewline, sizes) => {
        // A last line that is empty and has no newline is no line.
        const isEnded = endsWithNewline || lines.at(-1) === '';
        const text = Buffer.from(lines.map((each) => `${each}\n`).join(''));
        const file = isEnded || lines.length === 0 ? text : text.subarray(0, -1);
        const copied: Buffer[] = [];
        for await (const chunk of binaryRows(cut(file, sizes))) copied.push(chunk);
        expect(rowsIn(Buffer.concat(copied))).toEqual(lines);
      },
    ),
  );
});

async function* cut(file: Buffer, sizes: number[]): AsyncGenerator<Buffer> {
  for (let at = 0, turn = 0; at < file.length; turn++) {
    const size = sizes[turn % sizes.length] as number;
    yield file.subarray(at, at + size);
    at += size;
  }
}

/** Reads COPY's binary format as the manual of PostgreSQL describes it. */
function rowsIn(copy: Buffer): string[] {
  expect(copy.subarray(0, 11).toString('latin1')).toBe('PGCOPY\n\xff\r\n\0');
  expect(copy.subarray(11, 19)).toEqual(Buffer.alloc(8));
  const rows: string[] = [];
  let at = 19;
  for (let columns = copy.readInt16BE(at); columns !== -1; columns = copy.readInt16BE(at)) {
    const length = copy.readInt32BE(at + 2);
    expect([columns, copy[at + 6]]).toEqual([1, 1]);
    rows.push(copy.toString('utf8', at + 7, at + 6 + length));
    at += 6 + length;
  }
  expect(at + 2).toBe(copy.length);
  return rows;
}
