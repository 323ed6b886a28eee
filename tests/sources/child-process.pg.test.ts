import { type ChildProcess, fork } from 'node:child_process';
import { join } from 'node:path';
import { build } from 'esbuild';
import pg from 'pg';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { packageRoot } from '../../kernel/paths.js';
import { findBankFaults } from '../../sources/generators/bank/faults.js';
import { testDatabase } from '../support/postgres.js';

const outdir = join(packageRoot, 'dist', 'test', `sources-${process.pid}`);

beforeAll(async () => {
  await build({
    entryPoints: {
      generator: join(packageRoot, 'sources/generators/process.ts'),
      cdc: join(packageRoot, 'sources/cdc/process.ts'),
    },
    outdir,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    packages: 'external',
  });
});

describe('the generator as a child process', () => {
  it.each([
    ['SIGTERM', (child: ChildProcess) => child.kill('SIGTERM')],
    ['the loss of its parent', (child: ChildProcess) => child.disconnect()],
  ])('ends well in the middle of its work on %s', async (_, end) => {
    const sourceUrl = await testDatabase();
    const child = start('generator', { sourceUrl, intervalMs: 0 });
    const ended = exitOf(child);
    await message(child, 'round');
    await message(child, 'round');
    end(child);
    expect(await ended).toBe(0);
    const pool = new pg.Pool({ connectionString: sourceUrl });
    pool.on('error', () => {});
    onTestFinished(() => pool.end());
    expect(await findBankFaults(pool)).toEqual([]);
  });
});

describe('change capture as a child process', () => {
  it('says why it cannot go on, without the password, and exits 1', async () => {
    const sourceUrl = await testDatabase();
    const folder = join(outdir, 'nothing');
    const child = start('cdc', {
      sourceUrl,
      slot: `child_${process.pid}`,
      publication: 'child',
      tables: ['ghosts'],
      stateFolder: folder,
      rotation: { rows: 1, bytes: 1, ageMs: 1 },
      gzip: true,
      store: { url: `file://${folder}` },
    });
    const ended = exitOf(child);
    const failed = await message(child, 'failed');
    expect(failed).toMatchObject({
      code: 'CDC_TABLE_MISSING',
      message: expect.stringMatching(/no table public.ghosts/),
    });
    expect(JSON.stringify(failed)).not.toContain(`${new URL(sourceUrl).password}@`);
    expect(await ended).toBe(1);
  });
});

function start(entry: 'generator' | 'cdc', settings: unknown): ChildProcess {
  const child = fork(join(outdir, `${entry}.js`), { stdio: ['ignore', 'ignore', 'ignore', 'ipc'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  child.send({ type: 'start', settings } as object);
  return child;
}

function exitOf(child: ChildProcess): Promise<number | null> {
  return new Promise((resolve) => child.once('exit', resolve));
}

function message(child: ChildProcess, type: string): Promise<{ type: string }> {
  return new Promise((resolve) => {
    child.on('message', function listen(sent: { type: string }) {
      if (sent.type !== type) return;
      child.off('message', listen);
      resolve(sent);
    });
  });
}
