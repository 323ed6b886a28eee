import { readFileSync } from 'node:fs';
import { systemClock } from '../../kernel/time.js';
import { LocalPool } from '../../scheduler/executor/local-pool.js';
import type { AttemptRequest } from '../../scheduler/model/attempt.js';

/** A server in small, to be killed: runs the attempts of a JSON file and prints each child's pid as it starts. */
const { folder, attempts } = JSON.parse(readFileSync(process.argv[2] as string, 'utf8')) as {
  folder: string;
  attempts: AttemptRequest[];
};
const pool = new LocalPool({
  clock: systemClock,
  listener: {
    onEvent: (event) => process.stdout.write(`${JSON.stringify(event)}\n`),
    onCall: async () => undefined,
  },
  parallelism: attempts.length,
  poolId: folder,
  connections: {},
  env: { PATH: process.env['PATH'] ?? '' },
  xcomBytesMax: 1024,
  cacheFolder: folder,
  idleLogPath: `${folder}/idle.log`,
  memoryLimitMb: 256,
});
await pool.start();
for (const attempt of attempts) pool.submit(attempt);
