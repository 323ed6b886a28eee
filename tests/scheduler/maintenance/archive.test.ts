import {
  appendFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import tar from 'tar-stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ArchiveWriter, readArchive, verifyArchive } from '../../../scheduler/maintenance/backup/archive.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'millrace-archive-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function write(path: string): Promise<void> {
  const big = join(folder, 'big');
  writeFileSync(big, Buffer.alloc(700_000, 'abc'));
  const archive = new ArchiveWriter(path);
  await archive.addFolder('empty');
  await archive.addFile('deep/er/big', big);
  await archive.addText('note', 'ä');
  await archive.finish({ runs: 7 });
}

async function contents(path: string): Promise<Record<string, string | null>> {
  const found: Record<string, string | null> = {};
  await readArchive(path, async (name, content) => {
    if (content === null) {
      found[name] = null;
      return;
    }
    const chunks: Buffer[] = [];
    for await (const chunk of content) chunks.push(chunk);
    found[name] = Buffer.concat(chunks).toString('utf8');
  });
  return found;
}

describe('an archive', () => {
  it('gives back what was put in, is readable by its owner alone, and carries its facts', async () => {
    const path = join(folder, 'a.tar.gz');
    await write(path);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(await contents(path)).toEqual({
      empty: null,
      'deep/er/big': Buffer.alloc(700_000, 'abc').toString(),
      note: 'ä',
    });
    expect((await verifyArchive(path)).about).toEqual({ runs: 7 });
    expect(readdirSync(folder).sort()).toEqual(['a.tar.gz', 'big']);
  });

  it('is refused when it was cut, wherever', async () => {
    const path = join(folder, 'a.tar.gz');
    await write(path);
    const { size } = statSync(path);
    for (const length of [0, 1, 20, Math.floor(size / 2), size - 600, size - 9, size - 1]) {
      const cut = join(folder, `cut-${length}`);
      writeFileSync(cut, readFileSync(path).subarray(0, length));
      await expect(verifyArchive(cut), `${length} of ${size} bytes`).rejects.toMatchObject({ code: 'BACKUP_INVALID' });
    }
  });

  it('is refused when a byte of it is another', async () => {
    const path = join(folder, 'a.tar.gz');
    await write(path);
    const bytes = readFileSync(path);
    for (let at = 12; at < bytes.length; at += Math.ceil(bytes.length / 40)) {
      const flipped = Buffer.from(bytes);
      flipped[at] = (flipped[at] as number) ^ 0x10;
      const damaged = join(folder, 'damaged');
      writeFileSync(damaged, flipped);
      await expect(verifyArchive(damaged), `byte ${at}`).rejects.toMatchObject({ code: 'BACKUP_INVALID' });
    }
  });

  it('is refused when its manifest tells of other files, or a file would land outside', async () => {
    const made = async (entries: [string, string][]) => {
      const pack = tar.pack();
      for (const [name, text] of entries) {
        await new Promise<void>((resolve) => pack.entry({ name, size: text.length }, () => resolve()).end(text));
      }
      pack.finalize();
      const chunks: Buffer[] = [];
      for await (const chunk of pack) chunks.push(chunk as Buffer);
      const path = join(folder, `made-${entries.length}-${entries[0]?.[0].length}`);
      writeFileSync(path, gzipSync(Buffer.concat(chunks)));
      return path;
    };
    const manifest = JSON.stringify({ format: 1, about: {}, files: {} });
    await expect(
      verifyArchive(
        await made([
          ['x', 'y'],
          ['manifest.json', manifest],
        ]),
      ),
    ).rejects.toThrow(/does not name/);
    await expect(
      verifyArchive(
        await made([
          ['../x', 'y'],
          ['manifest.json', manifest],
        ]),
      ),
    ).rejects.toThrow(/outside/);
    await expect(verifyArchive(await made([['x', 'y']]))).rejects.toThrow(/no end/);
  });

  it('takes as many bytes of a file as it had, also when it grows or is cut meanwhile', async () => {
    const path = join(folder, 'a.tar.gz');
    const log = join(folder, 'log');
    writeFileSync(log, Buffer.alloc(2_000_000, 'x'));
    const archive = new ArchiveWriter(path);
    const adding = archive.addFile('log', log);
    appendFileSync(log, 'more');
    await adding;
    const shrinking = archive.addFile('shrinking', log);
    truncateSync(log, 0);
    await shrinking;
    expect(await archive.addFile('gone', join(folder, 'nothing'))).toBe(false);
    await archive.finish({});
    const found = await contents(path);
    expect(found['log']?.startsWith('xxxx')).toBe(true);
    expect(Object.keys(found)).toEqual(['log', 'shrinking']);
  });

  it('leaves nothing when it is given up, and never replaces a file', async () => {
    const path = join(folder, 'a.tar.gz');
    const archive = new ArchiveWriter(path);
    await archive.addText('a', 'b');
    await archive.abandon();
    expect(readdirSync(folder)).toEqual([]);
    writeFileSync(path, 'mine');
    expect(() => new ArchiveWriter(path)).toThrow(/there already/);
    expect(readFileSync(path, 'utf8')).toBe('mine');
  });

  it('says so when it cannot be written', async () => {
    const archive = new ArchiveWriter(join(folder, 'no', 'such', 'folder', 'a.tar.gz'));
    await expect(
      (async () => {
        for (let i = 0; i < 100; i++) await archive.addText(`${i}`, 'x'.repeat(100_000));
        await archive.finish({});
      })(),
    ).rejects.toMatchObject({ code: 'BACKUP_FAILED' });
    await archive.abandon();
    expect(existsSync(join(folder, 'no'))).toBe(false);
  });
});
