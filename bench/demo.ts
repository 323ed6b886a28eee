import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DemoResult } from '../cli/demo/run-demo.js';
import { openFileStore } from '../connectors/object-store-file.js';
import { openPostgres } from '../connectors/postgres.js';
import { packageRoot } from '../kernel/paths.js';
import { ensureWarehouse } from '../scheduler/operators/file-load/index.js';
import { type Bench, type BenchRow, median } from './bench.js';
import { openCopyBaseline } from './copy-baseline.js';
import { withPostgres } from './postgres.js';

const runs = 3;
const size = ['--customers', '20000', '--transactions', '200000', '--seed', '1'];
const goalSeconds = 60;
const goalMemoryMb = 1024;

/**
 * The whole bank with a million change events, from the first start to the comparison with the source; against the time
 * that COPY of as many lines takes on one connection, each time in the same run.
 */
export const bench: Bench = async (say) => {
  const passes: Pass[] = [];
  for (let run = 1; run <= runs; run++) {
    const pass = await measurePass();
    say(
      `run ${run}: ${pass.seconds.toFixed(1)} s, copy ${pass.copySeconds.toFixed(1)} s, ${pass.memoryMb.toFixed(0)} MiB`,
    );
    passes.push(pass);
  }
  const row = (name: string, unit: string, goal: number | null, figure: (pass: Pass) => number): BenchRow => {
    const values = passes.map(figure);
    const value = median(values);
    const copy = {
      name: `${passes[0]?.copyName} of as many lines`,
      value: median(passes.map((pass) => pass.copySeconds)),
    };
    const baseline = unit === 's' ? copy : null;
    return {
      name: `demo/${name}`,
      unit,
      value,
      min: Math.min(...values),
      max: Math.max(...values),
      goal,
      better: 'lower',
      baseline,
      ratio: baseline && value / baseline.value,
    };
  };
  const phases = passes[0]?.phases.map(({ phase }) => phase) ?? [];
  return [
    row('total', 's', goalSeconds, (pass) => pass.seconds),
    ...phases.map((name) =>
      row(name, 's', null, (pass) => pass.phases.find(({ phase }) => phase === name)?.seconds ?? 0),
    ),
    row('memory of all Node processes', 'MiB', goalMemoryMb, (pass) => pass.memoryMb),
  ];
};

interface Pass {
  seconds: number;
  phases: DemoResult['phases'];
  memoryMb: number;
  copyName: string;
  copySeconds: number;
}

async function measurePass(): Promise<Pass> {
  const demo = spawn(process.execPath, [join(packageRoot, 'cli/bin.js'), 'demo', '--json', ...size], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const memory = watchMemory(demo);
  let output = '';
  for await (const chunk of demo.stdout) output += chunk;
  const memoryMb = memory.peakMb();
  const result = JSON.parse(output) as DemoResult & { seconds: number };
  if (!result.ok) throw new Error(`the demo did not succeed: ${JSON.stringify(result.reconciliation)}`);
  const copy = await measureCopy(result.events);
  return { seconds: result.seconds, phases: result.phases, memoryMb, copyName: copy.name, copySeconds: copy.seconds };
}

/** Lines that the baseline copies; the time for as many as the demo has follows from it. */
const copiedLines = 200_000;

function measureCopy(events: number): Promise<{ name: string; seconds: number }> {
  return withPostgres(async (url) => {
    const folder = await mkdtemp(join(tmpdir(), 'millrace-bench-demo-'));
    const warehouse = openPostgres(url);
    try {
      await ensureWarehouse(warehouse);
      const copy = await openCopyBaseline(
        url,
        { store: await openFileStore(join(folder, 'raw')), warehouse },
        folder,
        copiedLines,
      );
      const startedAt = performance.now();
      await copy.run();
      return { name: copy.name, seconds: (((performance.now() - startedAt) / 1_000) * events) / copiedLines };
    } finally {
      await warehouse.end();
      await rm(folder, { recursive: true, force: true });
    }
  });
}

const lookEveryMs = 200;

/** The most memory that a process and the Node processes below it held together, as far as one sees by looking. */
function watchMemory(root: ChildProcess) {
  let peakKb = 0;
  const timer = setInterval(async () => {
    peakKb = Math.max(peakKb, await nodeMemoryKb(root.pid as number));
  }, lookEveryMs);
  return {
    peakMb() {
      clearInterval(timer);
      return peakKb / 1024;
    },
  };
}

async function nodeMemoryKb(rootPid: number): Promise<number> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const processes = (await Promise.all(pids.map(readProcess))).flatMap((each) => each ?? []);
  const family = new Set([rootPid]);
  // Children may stand before their parents where numbers were used again.
  for (let size = 0; size !== family.size; ) {
    size = family.size;
    for (const { pid, parent } of processes) if (family.has(parent)) family.add(pid);
  }
  const own = processes.filter(({ pid, name }) => family.has(pid) && name !== 'postgres');
  return own.reduce((sum, { residentKb }) => sum + residentKb, 0);
}

async function readProcess(pid: string) {
  try {
    const status = await readFile(`/proc/${pid}/status`, 'utf8');
    const field = (name: string) => new RegExp(`^${name}:\\s*(\\S+)`, 'm').exec(status)?.[1] ?? '0';
    return { pid: Number(pid), name: field('Name'), parent: Number(field('PPid')), residentKb: Number(field('VmRSS')) };
  } catch {
    return undefined; // It has ended since its name was read.
  }
}
