import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** Keys that s3rver takes. */
export const s3Keys = { accessKey: 'S3RVER', secretKey: 'S3RVER' };

/** Starts a server that speaks S3 in a process of its own, with one bucket. */
export async function startS3Server(bucket: string): Promise<{ url: string; stop: () => Promise<void> }> {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-s3-'));
  const bin = join(dirname(createRequire(import.meta.url).resolve('s3rver/package.json')), 'bin/s3rver.js');
  const args = ['--directory', folder, '--address', '127.0.0.1', '--port', '0', '--configure-bucket', bucket];
  // s3rver signs with a digest that OpenSSL 3 keeps in its legacy provider.
  const child = spawn(process.execPath, ['--openssl-legacy-provider', '--no-deprecation', bin, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const port = await new Promise<number>((resolve, reject) => {
    let output = '';
    const onData = (chunk: Buffer) => {
      output += chunk;
      const match = /listening on (?:https?:\/\/)?\S*?:(\d+)/i.exec(output);
      if (match) resolve(Number(match[1]));
    };
    child.stdout.on('data', onData);
    child.stderr.on('data', onData);
    child.once('exit', (code) => reject(new Error(`s3rver ended with ${code}: ${output}`)));
  });
  return {
    url: `s3://${bucket}?endpoint=http://127.0.0.1:${port}&region=us-east-1`,
    stop: async () => {
      child.kill();
      await exited;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
