import type pg from 'pg';
import type { CaptureProgress } from './capture-progress.js';
import { readSlot } from './catalog.js';
import { type Lsn, parseLsn } from './lsn.js';
import type { ReplicationStream } from './replication-stream.js';
import type { Session } from './session.js';
import { StreamDecoder } from './stream-decoder.js';

/**
 * Captures changes until the signal asks for the end, then stores and acknowledges what has arrived. Rejects when the
 * connection is lost.
 */
export async function captureStream(session: Session, stopping: AbortSignal, onStreaming: () => void): Promise<void> {
  const { options, progress, catalog, replication, origin, readCatalog } = session;
  const { clock } = options;
  const decoder = new StreamDecoder({
    origin,
    sink: progress.sink,
    clock,
    catalog: await readCatalog(),
    readCatalog,
    onEvent: (table) => progress.report.countEvent(table),
  });
  decoder.receivedLsn = (await readSlot(catalog, options.slot))?.confirmedLsn ?? 0;
  const acknowledge = () => {
    const durable = progress.durableLsn(decoder.completeLsn);
    progress.report.receivedLsn = decoder.receivedLsn;
    progress.noteDurable(durable);
    replication.acknowledge(decoder.receivedLsn, durable, clock.now());
  };
  const pump = new MessagePump(decoder, replication, progress, acknowledge);
  const { ended } = await replication.start(options.slot, options.publication, pump);
  progress.report.state = 'streaming';
  progress.report.error = null;
  options.onStatus?.(progress.status());
  onStreaming();
  progress.onDurable = acknowledge;
  const observer = observeSource(session, acknowledge);
  try {
    await Promise.race([ended, pump.failed, observer.failed, whenAborted(stopping)]);
    if (!stopping.aborted) throw new Error('the source ended the replication stream');
    pump.close();
    await progress.sink.flush(flushTimeoutMs);
    acknowledge();
  } finally {
    pump.close();
    observer.cancel();
    progress.onDurable = null;
    progress.onRoom = null;
  }
}

/** Hands messages to the decoder one by one, and stops the connection while the decoder or the store is behind. */
class MessagePump {
  readonly failed: Promise<never>;
  #fail: (error: unknown) => void = () => {};
  #decoder: StreamDecoder;
  #replication: ReplicationStream;
  #progress: CaptureProgress;
  #acknowledge: () => void;
  /** Messages that came while the decoder waited for the catalog. */
  #waiting: { lsn: Lsn; message: Buffer }[] | null = null;
  #isPaused = false;
  #isClosed = false;

  constructor(
    decoder: StreamDecoder,
    replication: ReplicationStream,
    progress: CaptureProgress,
    acknowledge: () => void,
  ) {
    this.#decoder = decoder;
    this.#replication = replication;
    this.#progress = progress;
    this.#acknowledge = acknowledge;
    this.failed = new Promise((_, reject) => {
      this.#fail = reject;
    });
    this.failed.catch(() => {});
    progress.onRoom = () => this.#resume();
  }

  onMessage(lsn: Lsn, message: Buffer): void {
    if (this.#isClosed) return;
    // The bytes belong to the connection, which overwrites them after this call.
    if (this.#waiting) this.#waiting.push({ lsn, message: Buffer.from(message) });
    else this.#handle(lsn, message);
  }

  onKeepalive(walEnd: Lsn, replyRequested: boolean): void {
    if (this.#isClosed) return;
    if (!this.#waiting) this.#decoder.keepalive(walEnd);
    // The server says so when it waits for a word about log that held nothing for us.
    if (replyRequested || !this.#progress.sink.firstPending) this.#acknowledge();
  }

  close(): void {
    this.#isClosed = true;
  }

  #handle(lsn: Lsn, message: Buffer): void {
    try {
      const ready = this.#decoder.handle(lsn, message);
      if (ready) this.#wait(ready);
      if (this.#progress.sink.isFull) this.#pause();
    } catch (error) {
      this.close();
      this.#fail(error);
    }
  }

  #wait(ready: Promise<void>): void {
    const waiting: { lsn: Lsn; message: Buffer }[] = [];
    this.#waiting = waiting;
    this.#pause();
    ready.then(() => {
      this.#waiting = null;
      for (const [i, { lsn, message }] of waiting.entries()) {
        this.#handle(lsn, message);
        if (this.#waiting) {
          (this.#waiting as typeof waiting).push(...waiting.slice(i + 1));
          return;
        }
      }
      this.#resume();
    }, this.#fail);
  }

  #pause(): void {
    if (this.#isPaused) return;
    this.#isPaused = true;
    this.#replication.pause();
  }

  #resume(): void {
    if (!this.#isPaused || this.#waiting || this.#progress.sink.isFull) return;
    this.#isPaused = false;
    this.#replication.resume();
  }
}

/**
 * Once a second, asks the source how far its log is and what the slot keeps, and acknowledges: also while nothing
 * arrives or reading is paused, so that an idle slot moves on and the server does not take this for a dead receiver.
 */
function observeSource({ options, progress, catalog }: Session, acknowledge: () => void) {
  let fail: (error: unknown) => void = () => {};
  const failed = new Promise<never>((_, reject) => {
    fail = reject;
  });
  failed.catch(() => {});
  let isCancelled = false;
  const observe = async () => {
    progress.check();
    progress.report.sourceLsn = await readWalEnd(catalog);
    progress.report.slotBytes = (await readSlot(catalog, options.slot))?.bytesHeld ?? null;
    if (isCancelled) return;
    acknowledge();
    cancelTimer = options.clock.after(observeIntervalMs, tick);
  };
  const tick = () => void observe().catch(fail);
  let cancelTimer = options.clock.after(0, tick);
  return {
    failed,
    cancel() {
      isCancelled = true;
      cancelTimer();
    },
  };
}

async function readWalEnd(catalog: pg.Client): Promise<Lsn> {
  const { rows } = await catalog.query('select pg_current_wal_flush_lsn() as lsn');
  return parseLsn(rows[0].lsn);
}

function whenAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

const observeIntervalMs = 1000;
const flushTimeoutMs = 20_000;
