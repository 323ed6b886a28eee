import { spawn } from 'node:child_process';
import { createReadStream } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { LoadPlace } from '../scheduler/operators/file-load/index.js';
import { copyOptions } from '../scheduler/operators/file-load/json-lines.js';

const filesInAll = 4;

/**
 * What a load is measured against: `psql \copy` of lines into `raw.accounts` on one connection (or COPY on the bare
 * protocol where psql is missing). Writes the lines as plain files, and as objects of the store for what is measured.
 */
export async function openCopyBaseline(url: string, place: LoadPlace, folder: string, events: number) {
  const paths = await writeEvents(place, folder, events / filesInAll);
  const hasPsql = await canRun('psql');
  return {
    name: hasPsql ? 'psql \\copy' : 'bare COPY',
    run: () => (hasPsql ? copyByPsql(url, paths) : copyBare(place, paths)),
  };
}

/** `file_id` has no value outside a load: for the baseline it comes from the session. */
const session = 'set millrace.file_id = 0;';

function copyByPsql(url: string, paths: string[]): Promise<void> {
  const copies = paths.flatMap((path) => ['-c', `\\copy raw.accounts (payload) from '${path}' with ${copyOptions}`]);
  return run('psql', ['-X', '-q', '-v', 'ON_ERROR_STOP=1', '-1', '-c', session, ...copies, url]);
}

async function copyBare({ warehouse }: LoadPlace, paths: string[]): Promise<void> {
  await warehouse.transaction(async (connection) => {
    await connection.query(session);
    for (const path of paths) {
      await connection.copyFrom(
        'raw.accounts (payload)',
        createReadStream(path, { highWaterMark: 65_536 }),
        copyOptions,
      );
    }
  });
}

/** The same lines as objects of the store and as plain files for the baseline. */
async function writeEvents(place: LoadPlace, folder: string, eventsPerFile: number): Promise<string[]> {
  const paths: string[] = [];
  for (let file = 0; file < filesInAll; file++) {
    const lines = Array.from({ length: eventsPerFile }, (_, index) => line(file * eventsPerFile + index)).join('');
    const path = join(folder, `${file}.jsonl`);
    await writeFile(path, lines);
    await place.store.put(`accounts/date=2026-01-01/accounts-${file}.jsonl`, Buffer.from(lines));
    paths.push(path);
  }
  return paths;
}

/** An update of an account with both of its images, about 960 bytes. */
function line(number: number): string {
  const id = 1 + (number % 1000);
  const time = '2026-01-01T04:03:51.582371Z';
  const row = (balance: number) => ({
    id,
    account_number: `AC${1_000_000_000 + id}`,
    customer_id: id % 500,
    account_type: 'SAVINGS',
    status: 'ACTIVE',
    balance: `${balance}.00`,
    interest_rate: '0.00',
    currency: 'USD',
    opened_at: time,
    closed_at: null,
    created_at: time,
    updated_at: time,
  });
  const lsn = 26_757_400 + Math.floor(number / 5) * 800;
  const event = {
    before: row(1000 + number),
    after: row(1001 + number),
    source: {
      version: '0.1.0',
      connector: 'postgresql',
      name: 'bank',
      ts_ms: 1_761_883_436_407 + number,
      snapshot: 'false',
      db: 'bank',
      sequence: JSON.stringify([String(lsn - 900), String(lsn - 3)]),
      schema: 'public',
      table: 'accounts',
      txId: 743 + number,
      lsn: lsn - 3,
      xmin: null,
      commit_lsn: lsn,
      seq: number % 5,
    },
    op: 'u',
    ts_ms: 1_761_883_436_611,
    transaction: null,
  };
  return `${JSON.stringify(event)}\n`;
}

function canRun(program: string): Promise<boolean> {
  return run(program, ['--version']).then(
    () => true,
    () => false,
  );
}

function run(program: string, args: string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'] });
    let errors = '';
    child.stderr.on('data', (chunk: Buffer) => {
      errors += chunk;
    });
    child.once('error', reject);
    child.once('close', (code) =>
      code === 0 ? resolve() : reject(new Error(`${program} ended with ${code}: ${errors}`)),
    );
  });
}
