import { type LakeFile, tableOf } from './lake-file.js';

/** What one mapped load task takes. */
export type LoadBatch = {
  /** What the grid shows: the table when there is only one, and how many files. */
  label: string;
  files: LakeFile[];
};

/** How many load tasks a run may have. */
export const batchesMax = 64;
/**
 * A batch is worth a task of its own from this size on: some seconds of work, so that two lanes end at about the same
 * time.
 */
const batchBytesMin = 4 * 1024 * 1024;

/**
 * Divides files into at most `batchesMax` batches of about the same size, each a run of keys of one table where that
 * is possible, in the order of the keys.
 */
export function planBatches(files: LakeFile[], limit: number = batchesMax): LoadBatch[] {
  const tables = [...byTable(files).values()];
  const total = sizeOf(files);
  const spare = Math.max(1, limit - tables.length + 1);
  const share = Math.max(batchBytesMin, Math.ceil(total / spare));
  const parts = tables.flatMap((ofTable) => cut(ofTable, share));
  return merge(parts, limit).map((part) => ({ label: labelOf(part), files: part }));
}

function byTable(files: LakeFile[]): Map<string, LakeFile[]> {
  const tables = new Map<string, LakeFile[]>();
  for (const file of files) {
    const table = tableOf(file.key);
    const sofar = tables.get(table);
    if (sofar) sofar.push(file);
    else tables.set(table, [file]);
  }
  return tables;
}

/** Cuts the files where a part would grow beyond the share. */
function cut(files: LakeFile[], share: number): LakeFile[][] {
  const parts: LakeFile[][] = [];
  let size = 0;
  for (const file of files) {
    const last = parts.at(-1);
    if (last && size + file.size <= share) last.push(file);
    else {
      parts.push([file]);
      size = 0;
    }
    size += file.size;
  }
  return parts;
}

/** Joins the smallest neighbours until there are few enough. */
function merge(parts: LakeFile[][], limit: number): LakeFile[][] {
  const merged = [...parts];
  while (merged.length > limit) {
    const sums = merged.slice(1).map((part, index) => sizeOf(part) + sizeOf(merged[index] as LakeFile[]));
    const at = sums.indexOf(Math.min(...sums));
    merged.splice(at, 2, [...(merged[at] as LakeFile[]), ...(merged[at + 1] as LakeFile[])]);
  }
  return merged;
}

function sizeOf(files: LakeFile[]): number {
  return files.reduce((sum, file) => sum + file.size, 0);
}

function labelOf(files: LakeFile[]): string {
  const tables = new Set(files.map((file) => tableOf(file.key)));
  const name = tables.size === 1 ? [...tables][0] : `${tables.size} tables`;
  return `${name}: ${files.length} ${files.length === 1 ? 'file' : 'files'}`;
}
