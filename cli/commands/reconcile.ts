import { openObjectStore } from '../../connectors/open-object-store.js';
import { MillraceError } from '../../kernel/errors.js';
import { systemClock } from '../../kernel/time.js';
import { type ReconcileProgress, type ReconcileResult, reconcileBank } from '../../sources/reconcile/reconcile-bank.js';
import { ask, print } from '../ask.js';
import { homeAt } from '../home.js';
import { objectStoreAddress } from '../object-store-address.js';
import { readEnvironment } from '../read-environment.js';
import { serverDatabase } from '../server-database.js';
import { textTable } from '../table.js';

export interface ReconcileOptions {
  /** Seconds. */
  timeout: number;
  load: boolean;
  json?: boolean;
}

/** Between two loads that are asked for, while raw has not come far enough. */
const loadEveryMs = 10_000;

/** `millrace reconcile bank`: exit code 0 when nothing differs, 1 when something does, 2 when the point was not reached. */
export async function reconcile(options: ReconcileOptions): Promise<void> {
  const settings = readEnvironment();
  const home = homeAt(settings.MILLRACE_HOME);
  const [sourceUrl, warehouseUrl] = [await serverDatabase('source'), await serverDatabase('warehouse')];
  const address = objectStoreAddress(settings, home);
  const store = await openObjectStore(address.url, address);
  const loads = options.load ? askForLoads() : undefined;
  try {
    const result = await reconcileBank({
      sourceUrl,
      warehouseUrl,
      store,
      slotName: settings.CDC_SLOT,
      timeoutMs: options.timeout * 1_000,
      clock: systemClock,
      onProgress: (progress) => {
        loads?.onProgress(progress);
        if (!options.json) process.stderr.write(`${progress.message}\n`);
      },
    });
    print(options.json ? JSON.stringify(result, null, 2) : report(result));
    process.exitCode = !result.reached ? 2 : result.differencesTotal > 0 ? 1 : 0;
  } finally {
    loads?.stop();
    await store.close();
  }
}

/** Asks the server for a run of the load now and then, as long as the comparison waits for it. */
function askForLoads() {
  let cancel: (() => void) | undefined;
  const askAgain = () => {
    ask('trigger', { dagId: 'MinIO_S3_to_Warehouse', note: 'Asked for by `millrace reconcile bank`.' }).catch(
      (thrown) => {
        // Without a server, whoever runs the loads is waited for.
        if (!(thrown instanceof MillraceError)) throw thrown;
      },
    );
    cancel = systemClock.after(loadEveryMs, askAgain);
  };
  return {
    onProgress({ stage }: ReconcileProgress) {
      if (stage === 'load' && !cancel) askAgain();
    },
    stop: () => cancel?.(),
  };
}

function report(result: ReconcileResult): string {
  const rows = Object.entries(result.tables).map(([table, counts]) => [
    table,
    counts.sourceRows,
    counts.warehouseRows,
    counts.sourceSum ?? '',
    counts.warehouseSum ?? '',
  ]);
  const table = textTable(['table', 'rows in source', 'in warehouse', 'sum in source', 'in warehouse'], rows, '');
  const differences = result.differences.map(
    ({ relation, key, problem }) => `- ${relation}${key === null ? '' : ` ${key}`}: ${problem}\n`,
  );
  return `${table}\n${differences.join('')}${verdict(result)}`;
}

function verdict({ reached, waitingFor, position, differencesTotal, seconds }: ReconcileResult): string {
  if (!reached) return `Not reached in time: ${waitingFor}`;
  const found = differencesTotal === 0 ? 'No difference' : `${differencesTotal} differences`;
  return `${found} at ${position} (${seconds.toFixed(1)} s).`;
}
