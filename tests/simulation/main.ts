import { availableParallelism } from 'node:os';
import { parentPort, Worker } from 'node:worker_threads';
import { simulate } from './simulate.js';

/**
 * `npm run test:simulation -- --seeds 500 --first 1`: goes through many worlds, one on each core at a time. Ends with 1
 * when a promise was broken; each such world is named by its seed. With `--bail` the first one is the last.
 */

interface Answer {
  seed: number;
  breaches: string[];
  simulatedMs: number;
  judged: number;
  attempts: number;
  crashes: number;
}

if (parentPort) serve(parentPort);
else process.exitCode = (await main()) ? 0 : 1;

function serve(port: NonNullable<typeof parentPort>): void {
  port.on('message', (seed: number) => {
    simulate(seed).then(
      ({ breaches, simulatedMs, judged, attempts, crashes }) =>
        port.postMessage({ seed, breaches, simulatedMs, judged, attempts, crashes } satisfies Answer),
      (error: Error) =>
        port.postMessage({
          seed,
          breaches: [`the simulation failed: ${error.stack}`],
          simulatedMs: 0,
          judged: 0,
          attempts: 0,
          crashes: 0,
        } satisfies Answer),
    );
  });
}

async function main(): Promise<boolean> {
  const first = option('--first', 1);
  const seeds = option('--seeds', 500);
  const began = performance.now();
  const answers: Answer[] = [];
  const isBailing = process.argv.includes('--bail');
  let hasBroken = false;
  let next = first;
  const workOff = (worker: Worker) =>
    new Promise<void>((resolve, reject) => {
      const ask = () => {
        if (next < first + seeds && !(isBailing && hasBroken)) worker.postMessage(next++);
        else resolve(worker.terminate().then(() => undefined));
      };
      worker.on('message', (answer: Answer) => {
        answers.push(answer);
        if (answer.breaches.length > 0) tell(answer);
        hasBroken ||= answer.breaches.length > 0;
        ask();
      });
      worker.on('error', reject);
      ask();
    });
  const workers = Array.from(
    { length: Math.min(seeds, availableParallelism()) },
    () => new Worker(new URL(import.meta.url)),
  );
  await Promise.all(workers.map(workOff));
  const seconds = (performance.now() - began) / 1_000;
  const sum = (field: 'simulatedMs' | 'judged' | 'attempts' | 'crashes') =>
    answers.reduce((total, answer) => total + answer[field], 0);
  const broken = answers.filter(({ breaches }) => breaches.length > 0).length;
  const times = Math.round(sum('simulatedMs') / 1_000 / seconds);
  console.log(
    `${answers.length} worlds in ${seconds.toFixed(1)} s, ${times.toLocaleString('en')} times as fast as time: ` +
      `${sum('attempts')} attempts, ${sum('crashes')} crashes, ${sum('judged')} transitions judged; ${broken} broke a promise`,
  );
  return broken === 0 && answers.length === seeds;
}

function tell({ seed, breaches }: Answer): void {
  console.log(
    `seed ${seed} (SIMULATION_SEED=${seed} SIMULATION_SEEDS=1 SIMULATION_TRACE=1 npx vitest run tests/simulation):`,
  );
  for (const breach of breaches.slice(0, 10)) console.log(`  ${breach}`);
}

function option(name: string, otherwise: number): number {
  const at = process.argv.indexOf(name);
  if (at < 0) return otherwise;
  const value = Number(process.argv[at + 1]);
  if (Number.isInteger(value) && value > 0) return value;
  throw new Error(`${name} wants a whole number above 0, and got ${process.argv[at + 1]}`);
}
