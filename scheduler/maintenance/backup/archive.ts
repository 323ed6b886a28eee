import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream, existsSync, rmSync } from 'node:fs';
import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { constants, createGunzip, createGzip } from 'node:zlib';
import tar from 'tar-stream';
import { z } from 'zod';
import { describeError, MillraceError } from '../../../kernel/errors.js';

/** The last entry of an archive: what came before it, so that a cut archive is known for what it is. */
const manifestName = 'manifest.json';

const manifestShape = z.object({
  format: z.literal(1),
  /** What was backed up and when; free to the caller. */
  about: z.record(z.string(), z.json()),
  files: z.record(z.string(), z.object({ size: z.number().int(), sha256: z.string() })),
});

export type Manifest = z.infer<typeof manifestShape>;

/** Bytes that are read from a file at a time. */
const chunkBytes = 256 * 1024;

/**
 * Writes an archive (tar, gzip) beside its place, readable by its owner alone; it gets its name when it is whole and
 * on disk. Rejects with BACKUP_FAILED when the file is there already or the disk is full.
 */
export class ArchiveWriter {
  readonly #path: string;
  readonly #partial: string;
  readonly #pack = tar.pack();
  readonly #written: Promise<void>;
  readonly #files: Manifest['files'] = {};
  /** Never resolves; rejects with why nothing more can be written. */
  readonly #broken: Promise<never>;

  constructor(path: string) {
    if (existsSync(path)) {
      throw new MillraceError('BACKUP_FAILED', `${path} is there already.`, { hint: 'Name a file that is not.' });
    }
    this.#path = path;
    this.#partial = `${path}.partial`;
    const out = createWriteStream(this.#partial, { mode: 0o600, flush: true });
    // The data is compressed in parts already; more than the fastest level buys nothing.
    this.#written = pipeline(this.#pack, createGzip({ level: constants.Z_BEST_SPEED }), out);
    this.#broken = this.#written.then(() => new Promise<never>(() => {}));
    this.#broken.catch(() => {}); // Told by the call that waits.
  }

  async addFolder(name: string): Promise<void> {
    await this.#entry({ name: `${name}/`, type: 'directory', size: 0 }, []);
  }

  /**
   * Adds a file that may be written to meanwhile: as many bytes as it has now; what is cut off while it is read is
   * filled with zeros, as PostgreSQL does. false when there is no such file any more.
   */
  async addFile(name: string, path: string): Promise<boolean> {
    const file = await openIfPresent(path);
    if (!file) return false;
    try {
      const { size, mtime } = await file.stat();
      await this.#entry({ name, size, mtime }, read(file, size));
      return true;
    } finally {
      await file.close();
    }
  }

  async addText(name: string, text: string): Promise<void> {
    const bytes = Buffer.from(text, 'utf8');
    await this.#entry({ name, size: bytes.length }, [bytes]);
  }

  /** Writes the manifest, reads the whole archive again, and gives the file its name. Returns its bytes. */
  async finish(about: Manifest['about']): Promise<number> {
    const manifest: Manifest = { format: 1, about, files: { ...this.#files } };
    await this.addText(manifestName, JSON.stringify(manifest));
    this.#pack.finalize();
    try {
      await this.#written;
      await verifyArchive(this.#partial);
      await rename(this.#partial, this.#path);
      await syncFolder(dirname(this.#path));
      const file = await open(this.#path, 'r');
      const { size } = await file.stat();
      await file.close();
      return size;
    } catch (error) {
      throw failed(this.#path, error);
    }
  }

  /** Removes what was written. */
  async abandon(): Promise<void> {
    this.#pack.destroy();
    await this.#written.catch(() => {}); // It is why this is called, or a consequence of it.
    await rm(this.#partial, { force: true });
  }

  /** For the last moment of a process that was told to end. */
  abandonNow(): void {
    rmSync(this.#partial, { force: true });
  }

  async #entry(header: tar.Header, chunks: Iterable<Buffer> | AsyncIterable<Buffer>): Promise<void> {
    const hash = createHash('sha256');
    const ended = deferred();
    const entry = this.#pack.entry({ mode: 0o600, mtime: new Date(0), ...header }, ended.settle);
    try {
      if (header.type !== 'directory') {
        for await (const chunk of chunks) {
          hash.update(chunk);
          const written = deferred();
          entry.write(chunk, written.settle);
          await this.#unlessFailed(written.promise);
        }
        entry.end();
        this.#files[header.name] = { size: header.size ?? 0, sha256: hash.digest('hex') };
      }
      await this.#unlessFailed(ended.promise);
    } catch (error) {
      throw failed(this.#path, error);
    }
  }

  /** What waits for a stream that is gone would wait forever. */
  #unlessFailed(work: Promise<void>): Promise<void> {
    return Promise.race([work, this.#broken]);
  }
}

/** The manifest of a whole archive. Rejects with BACKUP_INVALID that says what is wrong with it. */
export function verifyArchive(path: string): Promise<Manifest> {
  return readArchive(path, async (_name, content) => {
    for await (const _chunk of content ?? []);
  });
}

/**
 * Hands every file of an archive to `take` and compares what was read with the manifest. Folders come as `content`
 * null. Rejects with BACKUP_INVALID when the archive is cut, damaged or none; `take` has seen files by then.
 */
export async function readArchive(
  path: string,
  take: (name: string, content: AsyncIterable<Buffer> | null, modifiedAt: Date) => Promise<void>,
): Promise<Manifest> {
  const found: Manifest['files'] = {};
  let manifest: Manifest | undefined;
  const extract = tar.extract();
  extract.on('entry', (header, stream, next) => {
    const one = async () => {
      if (manifest) throw new Error('something follows its manifest');
      const modifiedAt = header.mtime ?? new Date(0);
      const name = header.name.replace(/\/$/, '');
      if (!isInside(name)) throw new Error(`it holds a file outside of itself: ${header.name}`);
      if (header.type === 'directory') {
        stream.resume();
        await take(name, null, modifiedAt);
        return;
      }
      if (name === manifestName) {
        manifest = manifestShape.parse(JSON.parse(await textOf(stream)));
        return;
      }
      const hash = createHash('sha256');
      let size = 0;
      await take(
        name,
        (async function* () {
          for await (const chunk of stream as AsyncIterable<Buffer>) {
            hash.update(chunk);
            size += chunk.length;
            yield chunk;
          }
        })(),
        modifiedAt,
      );
      found[name] = { size, sha256: hash.digest('hex') };
    };
    one().then(
      () => next(),
      (error) => extract.destroy(error),
    );
  });
  try {
    await pipeline(createReadStream(path), createGunzip(), extract);
  } catch (error) {
    if (error instanceof MillraceError) throw error;
    if (isSystemError(error)) throw error;
    throw invalid(path, describeError(error));
  }
  if (!manifest) throw invalid(path, 'it has no end');
  compare(path, manifest.files, found);
  return manifest;
}

function compare(path: string, expected: Manifest['files'], found: Manifest['files']): void {
  for (const [name, { size, sha256 }] of Object.entries(expected)) {
    const one = found[name];
    if (!one) throw invalid(path, `it lacks ${name}`);
    if (one.size !== size || one.sha256 !== sha256) throw invalid(path, `${name} is damaged`);
  }
  const extra = Object.keys(found).find((name) => expected[name] === undefined);
  if (extra !== undefined) throw invalid(path, `it holds ${extra}, which its manifest does not name`);
}

async function* read(file: FileHandle, size: number): AsyncIterable<Buffer> {
  let at = 0;
  while (at < size) {
    const buffer = Buffer.alloc(Math.min(chunkBytes, size - at));
    const { bytesRead } = await file.read(buffer, 0, buffer.length, at);
    // Beyond its end: it was cut off since. What is missing is zeros.
    if (bytesRead === 0) {
      yield buffer;
      at += buffer.length;
      continue;
    }
    yield buffer.subarray(0, bytesRead);
    at += bytesRead;
  }
}

async function textOf(stream: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}

async function openIfPresent(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, 'r');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/** A name that leads nowhere but below the folder that it is put into. */
function isInside(name: string): boolean {
  return !name.startsWith('/') && !name.includes('\0') && name.split('/').every((part) => part !== '..' && part !== '');
}

function isSystemError(error: unknown): boolean {
  return error instanceof Error && 'syscall' in error;
}

function invalid(path: string, why: string): MillraceError {
  return new MillraceError('BACKUP_INVALID', `${path} is not a whole backup: ${why}.`, {
    hint: 'Take another one: this one cannot be restored.',
  });
}

function failed(path: string, cause: unknown): MillraceError {
  if (cause instanceof MillraceError) return cause;
  const isFull = (cause as NodeJS.ErrnoException).code === 'ENOSPC';
  return new MillraceError('BACKUP_FAILED', `${path} cannot be written${isFull ? ': the disk is full' : ''}.`, {
    cause,
  });
}

function deferred(): { promise: Promise<void>; settle(error?: Error | null): void } {
  let settle: (error?: Error | null) => void = () => {};
  const promise = new Promise<void>((resolve, reject) => {
    settle = (error) => (error ? reject(error) : resolve());
  });
  promise.catch(() => {}); // Told by who waits for it, or by the failure of the whole.
  return { promise, settle };
}
