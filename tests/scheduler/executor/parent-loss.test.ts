import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { packageRoot } from '../../../kernel/paths.js';
import { attemptOf, ensureBuilt, importOne, startPool, testFolder } from '../../support/pool.js';

const parentPath = join(packageRoot, 'dist', 'test-pool-parent.mjs');

beforeAll(async () => {
  ensureBuilt();
  await build({
    absWorkingDir: packageRoot,
    entryPoints: ['tests/support/pool-parent.ts'],
    outfile: parentPath,
    bundle: true,
    platform: 'node',
    format: 'esm',
    packages: 'external',
  });
});

const dagFile = `import { Dag } from 'millrace'; import { spawn } from 'node:child_process';
export const dag = new Dag('d');
dag.task('busy', async () => { console.log('on'); for (;;); })();
dag.task('waits', async () => { console.log('on'); await new Promise(() => {}); })();
dag.task('family', async () => {
  spawn('bash', ['-c', 'trap "" TERM HUP; sleep 1000 & wait'], { stdio: 'ignore' });
  spawn('setsid', ['sleep', '1000'], { stdio: 'ignore' });
  console.log('on');
  for (;;);
})();`;

describe('when the server is killed', () => {
  it('attempts are dead within a second, busy loops and grandchildren included', async () => {
    const folder = testFolder();
    const file = await importOne(folder, dagFile);
    const attempts = ['busy', 'waits', 'family'].map((taskId) =>
      attemptOf(folder, file, taskId, { attemptId: `${folder}-${taskId}` }),
    );
    const input = join(folder, 'attempts.json');
    writeFileSync(input, JSON.stringify({ folder, attempts }));
    const parent = spawn(process.execPath, [parentPath, input], { stdio: ['ignore', 'pipe', 'inherit'] });
    onTestFinished(() => void parent.kill('SIGKILL'));
    const pids = await startedPids(parent, attempts.length);
    for (const { logPath } of attempts) {
      await expect
        .poll(() => existsSync(logPath) && readFileSync(logPath, 'utf8'), { timeout: 15_000 })
        .toContain(' on');
    }
    const orphans = () => pidsWith(`MILLRACE_ATTEMPT_ID=${folder}-family`);
    await expect.poll(() => orphans().length, { timeout: 15_000 }).toBe(3);

    const killedAt = performance.now();
    parent.kill('SIGKILL');
    await expect.poll(() => pids.filter(isAlive), { interval: 10, timeout: 5_000 }).toEqual([]);
    expect(performance.now() - killedAt).toBeLessThan(1_000);

    // What left the session survives its server; the next server of the folder ends it before it hands anything out.
    expect(orphans().length).toBe(1);
    await startPool(folder);
    await expect.poll(orphans, { timeout: 15_000 }).toEqual([]);
  });
});

async function startedPids(parent: ChildProcess, count: number): Promise<number[]> {
  const pids: number[] = [];
  let text = '';
  while (pids.length < count) {
    const [piece] = (await once(parent.stdout as NonNullable<ChildProcess['stdout']>, 'data')) as [Buffer];
    text += piece.toString('utf8');
    const lines = text.split('\n');
    text = lines.pop() ?? '';
    for (const event of lines.map((line) => JSON.parse(line) as { kind: string; pid: number })) {
      if (event.kind === 'started') pids.push(event.pid);
    }
  }
  return pids;
}

function isAlive(pid: number): boolean {
  try {
    return !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false; // it is gone
  }
}

function pidsWith(variable: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0').includes(variable);
      } catch {
        return false; // it has just ended
      }
    })
    .map(Number);
}
