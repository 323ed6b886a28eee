import { mkdir, open, readFile, rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { MillraceError } from '../../kernel/errors.js';

const place = z.object({ lsn: z.number().int().min(0), seq: z.number().int() });

const checkpointShape = z.object({
  version: z.literal(1),
  /** The database cluster that the positions belong to. */
  systemIdentifier: z.string(),
  slot: z.string(),
  /** `running` until every row of the snapshot is durable: a restart then takes it anew. */
  snapshot: z.enum(['running', 'done']),
  /** Everything that was committed before this LSN is durable in the store. */
  durableLsn: z.number().int().min(0),
  /** Per table, the last event known to be durable and the date of its object. The store may hold later ones. */
  tables: z.record(z.string(), z.object({ last: place, date: z.string() }).nullable()),
});

/** How far the object store has the stream, as far as this machine remembers; the store itself knows the rest. */
export type Checkpoint = z.infer<typeof checkpointShape>;

/** null when there is none. Throws CDC_CHECKPOINT_BROKEN when it cannot be understood. */
export async function readCheckpoint(folder: string): Promise<Checkpoint | null> {
  const path = checkpointPath(folder);
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
  try {
    return checkpointShape.parse(JSON.parse(text));
  } catch (cause) {
    throw new MillraceError('CDC_CHECKPOINT_BROKEN', `${path} is not a checkpoint`, {
      hint: 'Restore it from a backup; or drop the replication slot and remove the file, and a new snapshot is taken.',
      cause,
    });
  }
}

/** Replaces the checkpoint: after a crash either the old one or the new one is there, whole. */
export async function writeCheckpoint(folder: string, checkpoint: Checkpoint): Promise<void> {
  const path = checkpointPath(folder);
  await mkdir(folder, { recursive: true });
  const file = await open(`${path}.tmp`, 'w');
  try {
    await file.writeFile(`${JSON.stringify(checkpoint, null, 2)}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(`${path}.tmp`, path);
  const parent = await open(dirname(path), 'r');
  try {
    await parent.sync();
  } finally {
    await parent.close();
  }
}

function checkpointPath(folder: string): string {
  return join(folder, 'checkpoint.json');
}
