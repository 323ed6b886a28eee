import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type pg from 'pg';
import { MillraceError } from '../../kernel/errors.js';
import { packageRoot } from '../../kernel/paths.js';
import type { CaptureOptions } from './capture.js';
import type { CaptureProgress } from './capture-progress.js';
import { checkSource, dropSlot, ensurePublication, qualified, readSlot, readTables, readTypes } from './catalog.js';
import type { EventOrigin } from './event-encoder.js';
import { connectSource, ReplicationStream } from './replication-stream.js';
import { captureSnapshot } from './snapshot-capture.js';
import { captureStream } from './stream-capture.js';
import type { CatalogShape } from './stream-decoder.js';

/** What the parts of one session share: its two connections to the source and what is known of it. */
export interface Session {
  options: CaptureOptions;
  progress: CaptureProgress;
  catalog: pg.Client;
  replication: ReplicationStream;
  systemIdentifier: string;
  origin: EventOrigin;
  readCatalog(): Promise<CatalogShape>;
}

/**
 * One connection's worth of capture. Resolves when the signal asked for the end and everything is stored and
 * acknowledged; rejects when the connection is lost. `onStreaming` is called once changes arrive.
 */
export async function runSession(
  options: CaptureOptions,
  progress: CaptureProgress,
  stopping: AbortSignal,
  onStreaming: () => void,
): Promise<void> {
  const catalog = await connectSource(options.sourceUrl, 'millrace cdc catalog');
  const lost = new Promise<never>((_, reject) => catalog.on('error', reject));
  lost.catch(() => {});
  try {
    const replication = await ReplicationStream.open(options.sourceUrl);
    try {
      const { systemIdentifier, walEnd, database } = await replication.identify();
      const origin = { version, name: options.topicPrefix ?? 'banking_server', database };
      const readCatalog = () => readCatalogShape(catalog, options);
      const session = { options, progress, catalog, replication, systemIdentifier, origin, readCatalog };
      await checkSource(catalog);
      await progress.recover(systemIdentifier, walEnd);
      await ensurePublication(catalog, options.publication, options.tables);
      if (await needsSnapshot(session))
        await Promise.race([captureSnapshot(session, stopping), lost, aborted(stopping)]);
      if (stopping.aborted) return;
      await Promise.race([captureStream(session, stopping, onStreaming), lost]);
    } finally {
      await replication.close();
    }
  } finally {
    await catalog.end();
  }
}

/** Making a slot waits for every transaction that is open in the database: a stop must not wait with it. */
function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}

/** Whether the slot has to be made (again). A slot that cannot be continued is dropped. */
async function needsSnapshot({ options, progress, catalog }: Session): Promise<boolean> {
  const { slot, tables, onWarning } = options;
  const state = await readSlot(catalog, slot);
  const checkpoint = progress.checkpoint?.slot === slot ? progress.checkpoint : null;
  if (state && !checkpoint) {
    throw new MillraceError('CDC_SLOT_FOREIGN', `replication slot ${slot} exists, but not by this state folder`, {
      hint: `If nothing else uses it, run: select pg_drop_replication_slot('${slot}'); otherwise choose another name with CDC_SLOT.`,
    });
  }
  const added = tables.map((table) => qualified(table).name).filter((table) => !(table in (checkpoint?.tables ?? {})));
  if (checkpoint?.snapshot === 'done' && state?.usable && added.length === 0) return false;
  if (checkpoint?.snapshot === 'done') {
    const reason = !state ? 'is gone' : !state.usable ? 'has lost WAL' : `has no history of ${added.join(', ')}`;
    onWarning?.(
      `replication slot ${slot} ${reason}: a new snapshot is taken; versions of rows between then and now are unknown`,
    );
  }
  if (state) await dropSlot(catalog, slot);
  return true;
}

async function readCatalogShape(catalog: pg.Client, options: CaptureOptions): Promise<CatalogShape> {
  const wanted = new Set(options.tables.map((table) => Object.values(qualified(table)).join('.')));
  const published = await readTables(catalog, options.publication);
  const tables = published.filter(({ schema, table }) => wanted.has(`${schema}.${table}`));
  return { tables, types: await readTypes(catalog) };
}

const version = `millrace ${JSON.parse(readFileSync(join(packageRoot, 'package.json'), 'utf8')).version}`;
