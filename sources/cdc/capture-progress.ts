import { MillraceError } from '../../kernel/errors.js';
import type { CaptureOptions } from './capture.js';
import { qualified } from './catalog.js';
import { type Checkpoint, readCheckpoint, writeCheckpoint } from './checkpoint.js';
import { formatLsn, type Lsn } from './lsn.js';
import { ObjectSink } from './object-sink.js';
import type { CdcStatus } from './status.js';
import { StatusReport } from './status-report.js';
import { findStoredPosition, type StoredPosition } from './stored-positions.js';
import type { SealedObject } from './table-objects.js';

/** What outlives a connection: the objects that are being filled, what is durable, and the checkpoint. */
export class CaptureProgress {
  readonly report: StatusReport;
  /** Set while a session can acknowledge and can read more. */
  onDurable: (() => void) | null = null;
  onRoom: (() => void) | null = null;
  #options: CaptureOptions;
  #sink: ObjectSink | null = null;
  #checkpoint: Checkpoint | null = null;
  #stored = new Map<string, StoredPosition | null>();
  #lastWriteAt = 0;
  #writing: Promise<void> = Promise.resolve();
  #writeError: unknown;

  constructor(options: CaptureOptions) {
    this.#options = options;
    this.report = new StatusReport(options.clock);
  }

  get checkpoint(): Checkpoint | null {
    return this.#checkpoint;
  }

  get sink(): ObjectSink {
    if (!this.#sink) throw new Error('the sink is used before the positions in the store are known');
    return this.#sink;
  }

  /**
   * Reads the checkpoint and finds what the store holds beyond it; the first session does it, the others find it done.
   * Throws CDC_SOURCE_CHANGED when the positions belong to another database cluster, or to a later state of this one.
   */
  async recover(systemIdentifier: string, walEnd: Lsn): Promise<void> {
    if (!this.#sink) {
      this.#checkpoint = await readCheckpoint(this.#options.stateFolder);
      await this.#findPositions();
    }
    this.#checkSource(systemIdentifier, walEnd);
  }

  /** Nothing is lost when this is acknowledged: everything that was committed before it is durable. */
  durableLsn(completeLsn: Lsn): Lsn {
    const pending = this.#sink?.firstPending;
    return pending ? Math.min(pending.lsn, completeLsn) : completeLsn;
  }

  /** Writes the checkpoint; the slot's snapshot is running or done, and everything before `durableLsn` is durable. */
  async save(systemIdentifier: string, snapshot: Checkpoint['snapshot'], durableLsn: Lsn): Promise<void> {
    const { slot, stateFolder } = this.#options;
    const tables = Object.fromEntries(this.#stored);
    this.#checkpoint = { version: 1, systemIdentifier, slot, snapshot, durableLsn, tables };
    this.#lastWriteAt = this.#options.clock.monotonic();
    await this.#writing;
    await writeCheckpoint(stateFolder, this.#checkpoint);
  }

  /**
   * Moves the checkpoint along with the stream, at most once in a few seconds: it only saves a restart from listing
   * objects, so it may lag behind.
   */
  noteDurable(durableLsn: Lsn): void {
    this.report.durableLsn = durableLsn;
    const checkpoint = this.#checkpoint;
    if (checkpoint?.snapshot !== 'done') return;
    this.#checkpoint = { ...checkpoint, durableLsn, tables: Object.fromEntries(this.#stored) };
    const now = this.#options.clock.monotonic();
    if (now - this.#lastWriteAt < checkpointIntervalMs) return;
    this.#lastWriteAt = now;
    this.#writing = this.#writeCheckpoint();
  }

  async flush(timeoutMs: number): Promise<void> {
    await this.#sink?.flush(timeoutMs);
    await this.#writing;
    if (this.#checkpoint) await writeCheckpoint(this.#options.stateFolder, this.#checkpoint);
  }

  /** Throws what went wrong in the background. */
  check(): void {
    if (this.#writeError) throw this.#writeError;
  }

  status(): CdcStatus {
    return this.report.take(this.#sink?.firstPending?.since ?? null);
  }

  async #writeCheckpoint(): Promise<void> {
    try {
      await this.#writing;
      if (this.#checkpoint) await writeCheckpoint(this.#options.stateFolder, this.#checkpoint);
    } catch (cause) {
      const { stateFolder } = this.#options;
      this.#writeError = new MillraceError('HOME_UNWRITABLE', `the checkpoint in ${stateFolder} cannot be written`, {
        cause,
      });
    }
  }

  async #findPositions(): Promise<void> {
    const { store, tables, rotation, gzip, clock } = this.#options;
    for (const table of tables.map((name) => qualified(name).name)) {
      this.#stored.set(table, await findStoredPosition(store, table, this.#checkpoint?.tables[table] ?? null));
    }
    const positions = new Map(
      [...this.#stored].map(([table, stored]) => [table, stored?.last ?? { lsn: 0, seq: -1 }] as const),
    );
    this.#sink = new ObjectSink({
      store,
      rotation,
      gzip,
      clock,
      positions,
      onDurable: (object, bytes) => this.#objectStored(object, bytes),
      onTrouble: (error) => {
        this.report.error = `the object store refused an object, trying again (${String(error)})`;
      },
      onRoom: () => this.onRoom?.(),
    });
  }

  #objectStored({ table, date, last, lastCommitAt }: SealedObject, bytes: number): void {
    this.#stored.set(table, { last, date });
    this.report.countObject(bytes, lastCommitAt);
    this.report.error = null;
    this.onDurable?.();
  }

  #checkSource(systemIdentifier: string, walEnd: Lsn): void {
    const checkpoint = this.#checkpoint;
    const hint = 'Give the new database an object store (or bucket) and a state folder of its own.';
    if (checkpoint && checkpoint.systemIdentifier !== systemIdentifier) {
      const message = `the source is database cluster ${systemIdentifier}, the captured positions are of ${checkpoint.systemIdentifier}`;
      throw new MillraceError('CDC_SOURCE_CHANGED', message, { hint });
    }
    const last = Math.max(0, ...[...this.#stored.values()].map((stored) => stored?.last.lsn ?? 0));
    if (last <= walEnd) return;
    const message = `the store holds events up to ${formatLsn(last)}, but the log of the source ends at ${formatLsn(walEnd)}`;
    throw new MillraceError('CDC_SOURCE_CHANGED', message, { hint });
  }
}

const checkpointIntervalMs = 5000;
