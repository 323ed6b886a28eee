import { closeSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';

const append = 'a';
let lastFolder = '';

/**
 * Makes the log file of an attempt the stdout and stderr of this process: what it, its libraries and its subprocesses
 * write goes to the file at once and is complete whatever becomes of them. Throws when the descriptors do not come out
 * as 1 and 2 (then another thread of the process took one of them in between).
 */
export function redirectOutput(path: string): void {
  const folder = dirname(path);
  if (folder !== lastFolder) {
    mkdirSync(folder, { recursive: true });
    lastFolder = folder;
  }
  for (const fd of [1, 2]) {
    closeSync(fd);
    const got = openSync(path, append);
    if (got !== fd) throw new Error(`the log file became descriptor ${got} instead of ${fd}`);
  }
}
