import { type ChildProcess, fork } from 'node:child_process';
import { join } from 'node:path';
import { build } from 'esbuild';
import pg from 'pg';
import { beforeAll, describe, expect, it } from 'vitest';
import { packageRoot } from '../../../kernel/paths.js';
import type { CdcSettings, CdcStatusMessage } from '../../../sources/cdc/process.js';
import { seededFaker } from '../../../sources/generators/bank/people.js';
import { type Bench, brokenLinks, captureBench, caughtUp, checkPositions, eventsOf, replay } from './captured.js';

const entry = join(packageRoot, 'dist', 'test', `cdc-${process.pid}.js`);

beforeAll(async () => {
  await build({
    entryPoints: [join(packageRoot, 'sources/cdc/process.ts')],
    outfile: entry,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    packages: 'external',
  });
});

describe('capture that is killed', () => {
  it.each([1, 2])(
    'loses nothing and doubles nothing while writers go on (seed %i)',
    { timeout: 120_000 },
    async (seed) => {
      const chance = seededFaker(seed).number;
      const bench = await captureBench(['parents', 'children']);
      await bench.client.query(`
      create table parents (id serial primary key, note text, n int not null default 0);
      create table children (id bigserial primary key, parent_id int references parents, amount numeric(18,2));
      alter table parents replica identity full;
      alter table children replica identity full;
      insert into parents (note) select repeat('x', 100) from generate_series(1, 5000)`);
      const writing = write(bench, chance.int({ max: 1000 }));
      const kills = 10;
      for (let kill = 0; kill < kills; kill++) {
        const child = start(bench);
        const gone = new Promise((resolve) => child.once('exit', resolve));
        // Most die while they stream, some while they start or take the snapshot.
        if (kill % 3 > 0) await streaming(child);
        await after(chance.int({ min: 0, max: 800 }));
        child.kill('SIGKILL');
        await gone;
      }
      await writing.stop();
      const child = start(bench);
      await caughtUp(bench);
      const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
      child.kill('SIGTERM');
      expect(await ended).toBe(0);
      for (const table of ['parents', 'children']) {
        await checkPositions(bench.store, table);
        const { rows } = await bench.client.query(`select to_jsonb(t) as row from ${table} t order by id`);
        const source = rows.map(({ row }) => ({
          ...row,
          ...(row.amount === undefined ? {} : { amount: row.amount.toFixed(2) }),
        }));
        const events = await eventsOf(bench.store, table);
        const stored = [...replay(events, 'id').values()].sort((a, b) => Number(a['id']) - Number(b['id']));
        expect(stored).toEqual(source);
        expect(brokenLinks(events, 'id')).toEqual([]);
      }
    },
  );
});

function start({ options, store }: Bench): ChildProcess {
  const { sourceUrl, slot, publication, stateFolder, rotation, gzip, tables } = options;
  const child = fork(entry, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  const settings: CdcSettings = {
    sourceUrl,
    slot,
    publication,
    stateFolder,
    rotation: { ...rotation, rows: 700, ageMs: 400 },
    gzip,
    tables: [...tables],
    store: { url: store.url },
  };
  child.send({ type: 'start', settings });
  return child;
}

function streaming(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    child.on('message', (message: CdcStatusMessage) => {
      if (message.type === 'status' && message.status.state === 'streaming') resolve();
    });
  });
}

/** Two writers with transactions over both tables, some of them large, until they are stopped. */
function write({ url }: Bench, seed: number) {
  let isStopped = false;
  const writer = async (share: number) => {
    const chance = seededFaker(seed + share).number;
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    while (!isStopped) {
      const rows = chance.int({ max: 20 }) === 0 ? 3000 : chance.int({ min: 1, max: 10 });
      await client.query('begin');
      await client.query('insert into parents (note) select $1 from generate_series(1, $2::int)', ['né "w"\n\\', rows]);
      await client.query(
        "insert into children (parent_id, amount) select currval('parents_id_seq'), g from generate_series(1, $1::int) g",
        [rows],
      );
      await client.query('update parents set n = n + 1 where id % 1000 = $1', [chance.int({ max: 499 }) * 2 + share]);
      await client.query('delete from children where id = (select min(id) + $1 from children)', [share]);
      await client.query(chance.int({ max: 9 }) === 0 ? 'rollback' : 'commit');
    }
    await client.end();
  };
  const done = Promise.all([writer(0), writer(1)]);
  return {
    async stop() {
      isStopped = true;
      await done;
    },
  };
}

function after(delayMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, delayMs));
}
