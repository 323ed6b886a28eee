import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { requestFirstLoad } from '../../cli/first-load.js';
import { homeAt } from '../../cli/home.js';
import { MillraceError } from '../../kernel/errors.js';
import { silentLog } from '../../kernel/log.js';
import type { SchedulerCommands } from '../../scheduler/model/commands.js';
import type { CdcStatus } from '../../sources/cdc/status.js';

let folder: string;
let asked: string[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'millrace-first-'));
  asked = [];
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

const tables = { customers: 10, accounts: 20, transactions: 50, ledger_entries: 0 };
const landed = { state: 'streaming', objectsTotal: 3, tables } as unknown as CdcStatus;

function make(answer: () => Promise<void> = async () => {}) {
  const triggerDagRun: SchedulerCommands['triggerDagRun'] = async ({ dagId, runId }) => {
    asked.push(`${dagId} ${runId}`);
    await answer();
    return { dagId, runId: runId ?? '' };
  };
  return requestFirstLoad({ home: homeAt(folder), commands: { triggerDagRun }, log: silentLog });
}

const settle = () => new Promise((resolve) => setImmediate(resolve));

it('asks for one run when the first objects have landed, and never again', async () => {
  const onStatus = make();
  onStatus({ ...landed, objectsTotal: 0, tables: {} });
  onStatus({ ...landed, objectsTotal: 2 });
  onStatus({ ...landed, state: 'snapshot' });
  expect(asked).toEqual([]);
  onStatus(landed);
  onStatus(landed);
  await settle();
  onStatus(landed);
  expect(asked).toEqual(['MinIO_S3_to_Warehouse manual__first_load']);
  make()(landed);
  expect(asked).toHaveLength(1);
});

it('asks again as long as it is refused, for the DAG may not be there yet', async () => {
  let refuse = true;
  const onStatus = make(async () => {
    if (refuse) throw new MillraceError('DAG_NOT_FOUND', 'No DAG is called so.');
  });
  onStatus(landed);
  await settle();
  refuse = false;
  onStatus(landed);
  await settle();
  onStatus(landed);
  expect(asked).toHaveLength(2);
});

it('takes a run that is there for the one it wanted: the server died before it could make its note', async () => {
  const onStatus = make(async () => {
    throw new MillraceError('DAG_RUN_EXISTS', 'It exists.');
  });
  onStatus(landed);
  await settle();
  onStatus(landed);
  expect(asked).toHaveLength(1);
  expect(existsSync(join(folder, 'first-load-requested'))).toBe(true);
});
