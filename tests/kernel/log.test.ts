import { mkdtempSync, readFileSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { createLog, openLogFile } from '../../kernel/log.js';
import { ManualClock } from '../../kernel/time.js';

function logPath(): string {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-log-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return join(folder, 'millrace.log');
}

it('appends, and moves the file aside when it has grown', () => {
  const path = logPath();
  const file = openLogFile(path, 10);
  for (const line of ['first 1234\n', 'second\n']) file.write(line);
  file.close();
  expect(readFileSync(`${path}.1`, 'utf8')).toBe('first 1234\n');
  expect(readFileSync(path, 'utf8')).toBe('second\n');
});

it.runIf(process.platform === 'linux')('outlives a full disk, and says afterwards how many lines it lacks', () => {
  const path = logPath();
  // A device that is always full, until it is replaced.
  symlinkSync('/dev/full', path);
  const file = openLogFile(path);
  const said: string[] = [];
  const console = { write: (line: string) => void said.push(line) };
  const log = createLog({ level: 'info', clock: new ManualClock(0), file, console, colour: false });
  log.info('one');
  log.info('two');
  expect(said.join('')).toMatch(/one\n.*two\n/);
  unlinkSync(path);
  writeFileSync(path, '');
  log.info('three');
  file.close();
  const lines = readFileSync(path, 'utf8').trim().split('\n');
  expect(lines.map((line) => JSON.parse(line).msg)).toEqual([
    '2 lines before the next one could not be written: ENOSPC: no space left on device, write',
    'three',
  ]);
});
