import { expect, it } from 'vitest';
import { simulate } from './simulate.js';

const first = Number(process.env['SIMULATION_SEED'] ?? 1);
const seeds = Number(process.env['SIMULATION_SEEDS'] ?? 25);

it(`keeps every promise in ${seeds} worlds, from seed ${first}`, { timeout: 600_000 }, async () => {
  const began = performance.now();
  let simulatedMs = 0;
  let attempts = 0;
  for (let seed = first; seed < first + seeds; seed++) {
    const report = await simulate(seed);
    simulatedMs += report.simulatedMs;
    attempts += report.attempts;
    expect(report.breaches, `SIMULATION_SEED=${seed} SIMULATION_SEEDS=1 shows it again`).toEqual([]);
  }
  const speed = simulatedMs / (performance.now() - began);
  expect(attempts).toBeGreaterThan(seeds * 10);
  expect(speed, 'times real time').toBeGreaterThan(1_000);
});
