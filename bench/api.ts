import { Agent, request as httpRequest } from 'node:http';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { packageRoot } from '../kernel/paths.js';
import { type Bench, type BenchRow, median } from './bench.js';
import { benchFolder } from './engine-rig.js';
import { fillHistory } from './history.js';
import { adminPassword, type ServerProcess, startServerProcess } from './server-process.js';

const dagFolder = join(packageRoot, 'bench', 'dags', 'api');
const requestsPerSecond = 200;
const phaseSeconds = 12;
const answerMsMax = 20_000;

/**
 * The real server with a million finished task instances: how soon it is ready, how long pages take, and how long
 * requests take that come 200 a second, while it runs tasks and while it runs none.
 */
export const bench: Bench = async (say) => {
  const folder = benchFolder();
  const home = join(folder.path, 'home');
  const storePath = join(home, 'millrace.db');
  let server = await startServerProcess(home, dagFolder);
  try {
    await waitForDags(server, home);
    await server.stop();
    const taskIds = Array.from({ length: 40 }, (_, at) => `t${at}`);
    const count = fillHistory(storePath, [{ dagId: 'past', taskIds, runs: 25_000 }]);
    say(`${count} task instances in the history`);
    server = await startServerProcess(home, dagFolder);
    const rows = [row('start to ready, with 1,000,000', 'ms', [server.readyMs], 1_500)];
    const client = await logIn(server, home);
    rows.push(...(await pageRows(client, say)));
    await pause(client, true);
    rows.push(latencyRow('without tasks', await load(client), null));
    await pause(client, false);
    const before = finishedCount(storePath);
    const latencies = await load(client);
    // Each task instance is scheduled, queued, running and at its end: four transitions.
    const transitions = ((finishedCount(storePath) - before) * 4) / phaseSeconds;
    say(`${transitions.toFixed(0)} task transitions a second meanwhile`);
    rows.push(latencyRow('while tasks run', latencies, 100));
    rows.push({ ...row('task transitions meanwhile', '1/s', [transitions], 500), better: 'higher' });
    return rows;
  } finally {
    await server.stop();
    folder.remove();
  }
};

function row(name: string, unit: string, values: number[], goal: number | null): BenchRow {
  const value = median(values);
  const [min, max] = [Math.min(...values), Math.max(...values)];
  return { name, unit, value, min, max, goal, better: 'lower', baseline: null, ratio: null };
}

/** The 99th of a hundred, between the median and the slowest. */
function latencyRow(when: string, sorted: number[], goal: number | null): BenchRow {
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] as number;
  const name = `${sorted.length} requests at ${requestsPerSecond}/s ${when}, p99 [median–slowest]`;
  return {
    name,
    unit: 'ms',
    value: at(0.99),
    min: at(0.5),
    max: at(1),
    goal,
    better: 'lower',
    baseline: null,
    ratio: null,
  };
}

interface Client {
  /** Milliseconds until the whole answer was there. Throws when it is not what was expected. */
  get(path: string): Promise<number>;
  send(method: string, path: string, body: unknown): Promise<number>;
  /** Of the newest run of the DAG `past`. */
  runId: string;
}

async function logIn(server: ServerProcess, home: string): Promise<Client> {
  const json = { 'content-type': 'application/json' };
  const credentials = { username: 'admin', password: adminPassword(home) };
  const { access_token: token } = (await (
    await fetch(`${server.url}/auth/token`, { method: 'POST', headers: json, body: JSON.stringify(credentials) })
  ).json()) as { access_token: string };
  const login = await fetch(`${server.url}/login`, {
    method: 'POST',
    headers: { origin: server.url, 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams({ ...credentials, next: '/' }),
    redirect: 'manual',
  });
  const cookie = login.headers.get('set-cookie')?.split(';')[0] ?? '';
  const agent = new Agent({ keepAlive: true, maxSockets: 64 });
  const headers = { authorization: `Bearer ${token}`, cookie, ...json };
  const ask = (method: string, path: string, body?: unknown) =>
    new Promise<number>((resolve, reject) => {
      const began = performance.now();
      const request = httpRequest(`${server.url}${path}`, { method, agent, headers }, (response) => {
        response.resume();
        response.once('end', () => {
          const { statusCode = 0 } = response;
          if (statusCode < 300) resolve(performance.now() - began);
          else reject(new Error(`${method} ${path} answered ${statusCode}`));
        });
      });
      request.once('error', reject);
      request.setTimeout(answerMsMax, () => request.destroy(new Error(`${method} ${path} was not answered in time`)));
      request.end(body === undefined ? undefined : JSON.stringify(body));
    });
  const runs = (await (
    await fetch(`${server.url}/api/v2/dags/past/dagRuns?limit=1&order_by=-id`, { headers })
  ).json()) as { dag_runs: { dag_run_id: string }[] };
  const runId = encodeURIComponent(runs.dag_runs[0]?.dag_run_id ?? '');
  return { get: (path) => ask('GET', path), send: ask, runId };
}

async function waitForDags(server: ServerProcess, home: string): Promise<void> {
  for (let tries = 0; tries < 600; tries++) {
    try {
      const client = await logIn(server, home);
      await client.get('/api/v2/dags/past');
      return;
    } catch {
      // The DAG files are still being imported.
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
  throw new Error('the DAGs of the benchmark were not imported');
}

function pause(client: Client, isPaused: boolean): Promise<number> {
  return client.send('PATCH', '/api/v2/dags/steady', { is_paused: isPaused });
}

/** One after another, as a person opens them. */
async function pageRows(client: Client, say: (line: string) => void): Promise<BenchRow[]> {
  const rows: BenchRow[] = [];
  for (const [name, path] of [
    ['the home page', '/'],
    ['the grid of a DAG with 25,000 runs of 40 tasks', '/dags/past'],
    ['the list of its runs', '/runs?dag=past'],
  ] as const) {
    const took: number[] = [];
    for (let round = 0; round < 12; round++) took.push(await client.get(path));
    // The first two are the price of a server that has just started.
    rows.push(row(`${name}, with 1,000,000`, 'ms', took.slice(2), 100));
    say(`${name}: first ${took[0]?.toFixed(0)} ms, then ${median(took.slice(2)).toFixed(0)} ms`);
  }
  return rows;
}

/** What clients and people ask, in about the shares in which they do; one in twenty is a page, one in fifty a write. */
function mixed(client: Client, at: number): Promise<number> {
  if (at % 50 === 7) return client.send('POST', '/api/v2/dags/past/dagRuns', { logical_date: null });
  if (at % 20 === 3) return client.get(['/', '/dags', '/dags/past', '/dags/steady'][(at / 20) & 3] as string);
  const paths = [
    '/api/v2/dags?limit=50',
    '/api/v2/dags/past/dagRuns?limit=25&order_by=-run_after',
    '/api/v2/dags/steady/dagRuns?limit=25&order_by=-id',
    `/api/v2/dags/past/dagRuns/${client.runId}`,
    `/api/v2/dags/past/dagRuns/${client.runId}/taskInstances`,
    '/api/v2/dags/~/dagRuns/~/taskInstances?state=running&limit=50',
    '/api/v2/monitor/health',
  ];
  return client.get(paths[at % paths.length] as string);
}

/** Sends each request when it is due, whatever became of those before. Returns the sorted latencies. */
async function load(client: Client): Promise<number[]> {
  const count = requestsPerSecond * phaseSeconds;
  const began = performance.now();
  const under: Promise<number>[] = [];
  for (let at = 0; at < count; at++) {
    const due = began + (at * 1_000) / requestsPerSecond;
    const early = due - performance.now();
    if (early > 0) await new Promise((resolve) => setTimeout(resolve, early));
    under.push(mixed(client, at));
  }
  return (await Promise.all(under)).sort((a, b) => a - b);
}

function finishedCount(path: string): number {
  const database = new Database(path, { readonly: true });
  try {
    return database.prepare(`select count(*) from task_instance where state = 'success'`).pluck().get() as number;
  } finally {
    database.close();
  }
}
