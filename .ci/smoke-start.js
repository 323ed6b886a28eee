// Starts the server as `npm start` does, in a temporary data folder, and holds it to its word: it says that it is ready,
// answers, refuses strangers, and stops with all that it started when npm is ended.
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const readyMsMax = 30_000;
const home = mkdtempSync(join(tmpdir(), 'millrace-smoke-'));
const server = spawn('npm', ['start'], {
  env: { ...process.env, MILLRACE_HOME: join(home, 'data'), MILLRACE_PORT: '0', MILLRACE_PG_PORT: '0' },
  stdio: ['ignore', 'pipe', 'pipe'],
  detached: true,
});
let said = '';
for (const stream of [server.stdout, server.stderr]) {
  stream.on('data', (chunk) => {
    said += chunk;
    process.stdout.write(chunk);
  });
}

try {
  await until(() => /ready in/.test(said), 'it says that it is ready');
  const url = /Web UI +(\S+)/.exec(said)?.[1];
  expect(url !== undefined, 'it says where the web UI is');
  expect((await fetch(`${url}/health`)).ok, '/health answers');
  const stranger = await fetch(`${url}/dags`, { redirect: 'manual' });
  expect([302, 303, 401].includes(stranger.status), `a stranger is sent to the login (${stranger.status})`);
  const pidFile = join(home, 'data/postgres/data/postmaster.pid');
  expect(existsSync(pidFile), 'its database runs');
  server.kill('SIGTERM');
  await until(() => !existsSync(pidFile), 'after SIGTERM to npm, its database has ended');
  await until(() => !existsSync(join(home, 'data/server.json')), 'and so has the server');
} finally {
  try {
    process.kill(-server.pid, 'SIGKILL');
  } catch {
    // The whole group has ended: as it should be.
  }
  rmSync(home, { recursive: true, force: true });
}

function expect(holds, what) {
  if (!holds) throw new Error(`not so: ${what}`);
  console.log(`holds: ${what}`);
}

async function until(holds, what) {
  const deadline = Date.now() + readyMsMax;
  while (!holds() && Date.now() < deadline) await pause(50);
  expect(holds(), what);
}

function pause(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
