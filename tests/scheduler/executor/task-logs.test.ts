import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { LineWriter } from '../../../scheduler/executor/task-logs.js';

it.runIf(process.platform === 'linux')('a log on a full disk does not fail its task, and says what it lacks', () => {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-log-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, '1.log');
  let fd = openSync('/dev/full', 'a');
  const lines = new LineWriter(fd, () => new Date(0));
  lines.write('INFO', 'one\ntwo\n');
  lines.entry('ERROR', 'three');
  // There is room again: the same descriptor, as a file.
  closeSync(fd);
  const again = openSync(path, 'a');
  expect(again).toBe(fd);
  fd = again;
  lines.write('INFO', 'four\n');
  lines.write('INFO', 'five\n');
  closeSync(fd);
  const at = '1970-01-01T00:00:00.000Z';
  expect(readFileSync(path, 'utf8')).toBe(
    `${at} WARNING 3 lines before the next one could not be written: ENOSPC: no space left on device, write\n` +
      `${at} INFO four\n${at} INFO five\n`,
  );
});
