import { countImportErrors } from '../scheduler/store/queries/admin.js';
import { countLiveRuns } from '../scheduler/store/queries/dag-runs.js';
import { countDags } from '../scheduler/store/queries/dags.js';
import { countEmailsByState } from '../scheduler/store/queries/emails.js';
import type { AppDeps } from './deps.js';
import type { PageRequest } from './page.js';

export interface FrameView {
  version: string;
  user: string;
  dags: number;
  liveRuns: number;
  waitingEmails: number;
  failedEmails: number;
  importErrors: number;
  cdcLagMs: number | null;
  health: { level: 'ok' | 'warn' | 'bad'; text: string };
  slots: number;
  busy: number;
  storeBytes: number | null;
}

/** What stands around every page: counts beside the sections, health at the foot. */
export async function frameOf(request: PageRequest, deps: AppDeps): Promise<FrameView> {
  const [dags, live, emails, importErrors] = await Promise.all([
    deps.store.read(countDags({})),
    deps.store.read(countLiveRuns()),
    deps.store.read(countEmailsByState()),
    deps.store.read(countImportErrors()),
  ]);
  const platform = deps.platform();
  const emailsIn = (state: string) => emails.find((row) => row.state === state)?.total ?? 0;
  return {
    version: deps.settings.version,
    user: request.session.user,
    dags: dags[0]?.total ?? 0,
    liveRuns: live.reduce((sum, row) => sum + row.total, 0),
    waitingEmails: emailsIn('waiting') + emailsIn('sending'),
    failedEmails: emailsIn('failed'),
    importErrors: importErrors[0]?.total ?? 0,
    cdcLagMs: platform.cdc ? platform.cdc.lagMs : null,
    health: healthOf(deps),
    slots: platform.executor.slots,
    busy: platform.executor.busy,
    storeBytes: platform.storeBytes,
  };
}

function healthOf(deps: AppDeps): FrameView['health'] {
  const { scheduler, cdc, warehouse, objectStore } = deps.platform();
  if (scheduler.storeError !== null) return { level: 'bad', text: `Nothing can be written: ${scheduler.storeError}` };
  if (!scheduler.healthy) return { level: 'bad', text: 'Scheduler does not answer' };
  if (warehouse && !warehouse.healthy) return { level: 'bad', text: 'Warehouse unreachable' };
  if (objectStore && !objectStore.healthy) return { level: 'bad', text: 'Object store unreachable' };
  if (cdc?.state === 'reconnecting') return { level: 'warn', text: 'Change capture reconnects' };
  return { level: 'ok', text: 'All well' };
}
