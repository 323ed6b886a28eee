import { expect, it } from 'vitest';
import { simulate } from './simulate.js';

const first = Number(process.env['SIMULATION_SEED'] ?? 1);
const seeds = Number(process.env['SIMULATION_SEEDS'] ?? 25);
const trace = process.env['SIMULATION_TRACE'] ? (line: string) => process.stdout.write(`${line}\n`) : undefined;

it(`keeps every promise in ${seeds} worlds, from seed ${first}`, { timeout: 600_000 }, async () => {
  const began = process.cpuUsage();
  let simulatedMs = 0;
  let attempts = 0;
  let judged = 0;
  for (let seed = first; seed < first + seeds; seed++) {
    const report = await simulate(seed, trace);
    simulatedMs += report.simulatedMs;
    attempts += report.attempts;
    judged += report.judged;
    expect(report.breaches, `SIMULATION_SEED=${seed} SIMULATION_SEEDS=1 SIMULATION_TRACE=1 shows it again`).toEqual([]);
  }
  const { user, system } = process.cpuUsage(began);
  expect(attempts).toBeGreaterThan(seeds * 10);
  expect(judged).toBeGreaterThan(seeds * 50);
  // By the processor's time: how busy the machine is otherwise says nothing of the simulation.
  expect(simulatedMs / ((user + system) / 1_000), 'times real time').toBeGreaterThan(1_000);
});
