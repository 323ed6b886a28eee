import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describeError, MillraceError } from '../kernel/errors.js';
import type { Log } from '../kernel/log.js';
import type { SchedulerCommands } from '../scheduler/model/commands.js';
import type { CdcStatus } from '../sources/cdc/status.js';
import type { Home } from './home.js';

const loadDagId = 'MinIO_S3_to_Warehouse';
/** Always the same, so that a crash between the run and the note of it does not make a second one. */
const firstRunId = 'manual__first_load';

/**
 * A newcomer sees data without a click: when the snapshot of the source has landed in the object store, one run of the
 * load is asked for, once in the life of a data folder. Returns what is to be told of each status of change data
 * capture.
 */
export function requestFirstLoad(deps: {
  home: Home;
  commands: Pick<SchedulerCommands, 'triggerDagRun'>;
  log: Log;
}): (status: CdcStatus) => void {
  const note = join(deps.home.folder, 'first-load-requested');
  let done = existsSync(note);
  let asking = false;
  return (status) => {
    if (done || asking || !hasLanded(status)) return;
    asking = true;
    ask(deps.commands)
      .then(
        () => {
          done = true;
          writeFileSync(note, '', { mode: 0o600 });
          deps.log.info(`The first objects have landed: ${loadDagId} runs`);
        },
        // Asked again with the next status, a second later: its DAG file may still be on its way in.
        (thrown) => deps.log.debug('The first load cannot be asked for yet', { error: describeError(thrown) }),
      )
      .finally(() => {
        asking = false;
      });
  };
}

/** Once each table that has changed may have an object there: a load of half the tables would show half a bank until the next. */
function hasLanded({ state, objectsTotal, tables }: CdcStatus): boolean {
  const changedTables = Object.values(tables).filter((events) => events > 0).length;
  return state === 'streaming' && changedTables > 0 && objectsTotal >= changedTables;
}

async function ask(commands: Pick<SchedulerCommands, 'triggerDagRun'>): Promise<void> {
  try {
    await commands.triggerDagRun(
      {
        dagId: loadDagId,
        runId: firstRunId,
        logicalDate: null,
        dataInterval: null,
        runAfter: null,
        conf: {},
        note: 'Asked for by Millrace when the first objects had landed.',
      },
      { user: 'millrace', via: 'cli' },
    );
  } catch (thrown) {
    if (!(thrown instanceof MillraceError && thrown.code === 'DAG_RUN_EXISTS')) throw thrown;
  }
}
