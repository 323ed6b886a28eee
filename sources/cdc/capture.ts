import type { ObjectStore } from '../../connectors/object-store.js';
import { describeError, MillraceError } from '../../kernel/errors.js';
import { type Clock, sleep } from '../../kernel/time.js';
import { CaptureProgress } from './capture-progress.js';
import type { Rotation } from './object-sink.js';
import { runSession } from './session.js';
import type { CdcStatus } from './status.js';

export interface CaptureOptions {
  sourceUrl: string;
  store: ObjectStore;
  slot: string;
  publication: string;
  /** `name` (in public) or `schema.name`. */
  tables: readonly string[];
  /** Holds the checkpoint. Belongs to one slot. */
  stateFolder: string;
  rotation: Rotation;
  gzip: boolean;
  clock: Clock;
  /** Debezium's topic prefix, `source.name`. */
  topicPrefix?: string;
  /** Called about once a second, and with the last status when capture has stopped. */
  onStatus?(status: CdcStatus): void;
  /** Something that a person should know: changes that were lost with a slot, and the like. */
  onWarning?(message: string): void;
}

export interface Capture {
  /** Stores what has arrived, acknowledges it and ends. Rejects when the store did not take it in time. */
  stop(): Promise<void>;
  /** Settles when capture has ended: rejects with an error that trying again does not mend. */
  readonly done: Promise<void>;
}

/**
 * Captures the changes of the tables into the store: first a consistent snapshot, then every change, in objects named
 * by position. An event is acknowledged to the source after it is durable; what the store holds is the truth about
 * what was captured, so an event is neither lost nor written twice, whenever this process dies. A lost connection is
 * made again for as long as it takes.
 */
export function startCapture(options: CaptureOptions): Capture {
  const stopping = new AbortController();
  const done = run(options, stopping.signal);
  done.catch(() => {});
  return {
    done,
    stop() {
      stopping.abort();
      return done;
    },
  };
}

async function run(options: CaptureOptions, stopping: AbortSignal): Promise<void> {
  const { clock, onStatus } = options;
  const progress = new CaptureProgress(options);
  const report = () => onStatus?.(progress.status());
  let cancelTick = clock.after(statusIntervalMs, function tick() {
    report();
    cancelTick = clock.after(statusIntervalMs, tick);
  });
  try {
    await keepSession(options, progress, stopping);
    await progress.flush(flushTimeoutMs);
  } finally {
    cancelTick();
    progress.report.state = 'stopped';
    report();
  }
}

/** Runs sessions until one ends because of the signal. */
async function keepSession(options: CaptureOptions, progress: CaptureProgress, stopping: AbortSignal): Promise<void> {
  for (let delayMs = reconnectDelayMsMin; !stopping.aborted; delayMs = Math.min(delayMs * 2, reconnectDelayMsMax)) {
    try {
      await runSession(options, progress, stopping, () => {
        delayMs = reconnectDelayMsMin;
      });
    } catch (error) {
      if (isPermanent(error)) throw error;
      progress.report.state = 'reconnecting';
      progress.report.error = describeError(error);
      options.onStatus?.(progress.status());
      await sleep(options.clock, delayMs, stopping).catch(() => {});
    }
  }
}

/** What trying again does not mend. The network, the source and the object store come back. */
function isPermanent(error: unknown): boolean {
  return error instanceof MillraceError && (error.code.startsWith('CDC_') || error.code === 'HOME_UNWRITABLE');
}

const statusIntervalMs = 1000;
const reconnectDelayMsMin = 250;
const reconnectDelayMsMax = 10_000;
const flushTimeoutMs = 20_000;
