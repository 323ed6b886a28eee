import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ansiToHtml } from '../../server/logs/ansi.js';
import { LogFile } from '../../server/logs/log-file.js';
import { parseLogLine } from '../../server/logs/log-line.js';

describe('a log file', () => {
  let folder: string;
  let path: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'millrace-log-'));
    path = join(folder, '1.log');
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('gives any range of lines of a large file', async () => {
    writeFileSync(
      path,
      Array.from(
        { length: 20_000 },
        (_, index) => `2026-01-01T00:00:00.000Z INFO line ${index + 1} ${'ä'.repeat(index % 90)}\n`,
      ).join(''),
    );
    const log = new LogFile(path);
    await log.refresh();
    expect(log.lineCount).toBe(20_000);
    for (const from of [1, 255, 256, 257, 5_000, 19_999]) {
      const lines = await log.read(from, 3);
      expect(lines.map((line) => [line.number, line.text.split(' ')[1]])).toEqual(
        [from, from + 1, from + 2].filter((number) => number <= 20_000).map((number) => [number, String(number)]),
      );
    }
    expect(await log.read(20_001, 5)).toEqual([]);
  });

  it('takes in what is appended, a half line included', async () => {
    writeFileSync(path, 'one\ntw');
    const log = new LogFile(path);
    await log.refresh();
    expect((await log.read(1, 10)).map((line) => line.text)).toEqual(['one', 'tw']);
    appendFileSync(path, 'o\nthree\n');
    await log.refresh();
    expect(log.lineCount).toBe(3);
    expect((await log.read(1, 10)).map((line) => line.text)).toEqual(['one', 'two', 'three']);
  });

  it('begins anew when the file was replaced by a shorter one', async () => {
    writeFileSync(path, 'a\nb\nc\n');
    const log = new LogFile(path);
    await log.refresh();
    writeFileSync(path, 'x\n');
    await log.refresh();
    expect((await log.read(1, 10)).map((line) => line.text)).toEqual(['x']);
  });

  it('knows the lines that are errors', async () => {
    writeFileSync(
      path,
      '2026-01-01T00:00:00.000Z INFO fine\n2026-01-01T00:00:01.000Z ERROR broken\nTypeError: x is not a function\n2026-01-01T00:00:02.000Z WARN hm\nan ERROR in the middle of a long raw line that only tells of one\n',
    );
    const log = new LogFile(path);
    await log.refresh();
    expect(log.errorLines).toEqual([2, 3]);
    expect(log.warningCount).toBe(1);
  });

  it('gives the lines of a level and above, with what belongs to them', async () => {
    const line = (level: string, text: string) => `2026-01-01T00:00:00.000Z ${level} ${text}\n`;
    writeFileSync(
      path,
      `raw at the start\n${line('DEBUG', 'd')}${line('WARNING', 'w')}${line('ERROR', 'e')}  at stack\n${line('INFO', 'i')}`.repeat(
        700,
      ),
    );
    const log = new LogFile(path);
    await log.refresh();
    const texts = async (from: number, count: number, level: 'info' | 'warning' | 'error') =>
      (await log.readFromLevel(from, count, level)).map(({ number, text }) => `${number} ${text.trim()}`);
    expect(await texts(1, 4, 'error')).toEqual(['4 e', '5 at stack', '10 e', '11 at stack']);
    expect(await texts(5, 2, 'error')).toEqual(['5 at stack', '10 e']);
    expect(await texts(1, 3, 'warning')).toEqual(['3 w', '4 e', '5 at stack']);
    expect(await texts(1, 2, 'info')).toEqual(['1 raw at the start', '3 w']);
    expect((await log.readFromLevel(1, 10_000, 'error')).length).toBe(1_400);
  });

  it('finds a text whatever its case, and says when there are more', async () => {
    writeFileSync(
      path,
      Array.from({ length: 1000 }, (_, index) => (index % 10 === 0 ? `Needle ${index}\n` : 'hay\n')).join(''),
    );
    const log = new LogFile(path);
    await log.refresh();
    expect(await log.search('needle', 1000)).toEqual({
      lines: Array.from({ length: 100 }, (_, index) => index * 10 + 1),
      complete: true,
    });
    expect((await log.search('needle', 3)).complete).toBe(false);
  });

  it('says that there is no file', async () => {
    expect(await new LogFile(join(folder, 'none')).refresh()).toBe(false);
  });
});

describe('a log line', () => {
  it('has a time, a level and a text, or is raw', () => {
    expect(parseLogLine('2026-01-01T00:00:00.250Z WARNING disk is full', 4)).toEqual({
      number: 4,
      at: Date.UTC(2026, 0, 1) + 250,
      level: 'warning',
      text: 'disk is full',
      group: null,
    });
    expect(parseLogLine('2026-01-01T00:00:00.250Z COLOUR red', 1)).toMatchObject({
      at: null,
      level: null,
      text: '2026-01-01T00:00:00.250Z COLOUR red',
    });
    expect(parseLogLine('::group::Parse', 1)).toMatchObject({ text: 'Parse', group: 'open' });
    expect(parseLogLine('2026-01-01T00:00:00.250Z INFO ::endgroup::', 1)).toMatchObject({ text: '', group: 'close' });
  });

  it('keeps colours and nothing else of ANSI', () => {
    expect(ansiToHtml('\u001b[31mred\u001b[0m <b> \u001b[2Kx\u001b[1;32mok').text).toBe(
      '<span class="a31">red</span> &lt;b&gt; x<span class="a1"><span class="a32">ok</span></span>',
    );
  });
});
