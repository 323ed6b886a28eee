import type { Column } from '../compile/relation.js';
import { quoteIdentifier } from '../compile/relation.js';
import { isObject } from '../project/yaml.js';
import type { NodeRun } from './materialization.js';
import type { SnapshotConfig } from './snapshot-config.js';

/** What a strategy decides, as SQL expressions; the source's columns are unqualified in `updatedAt` and `scdId`. */
export interface SnapshotStrategy {
  /** When the version in the source began. */
  updatedAt: string;
  /** Hash of key and `updatedAt`. */
  scdId: string;
  /** True when the current row (first alias) and the source's row (second) differ. */
  rowChanged: string;
}

/** The aliases that a custom strategy's expressions use, as in dbt. */
export const currentAlias = 'snapshotted_data';
export const sourceAlias = 'source_data';

/** The moment of the run, one value for the whole transaction. */
export async function snapshotTime(run: NodeRun): Promise<string> {
  return run.macroText('snapshot_get_time', []);
}

export async function readStrategy(
  run: NodeRun,
  config: SnapshotConfig,
  now: string,
  columns: { source: Column[]; target: Column[] | null },
): Promise<SnapshotStrategy> {
  if (config.strategy === 'timestamp') return timestampStrategy(config);
  if (config.strategy === 'check') return checkStrategy(config, now, columns);
  return customStrategy(run, config, columns.target !== null);
}

/** dbt's hash: the parts as text, NULL as nothing, joined by `|`. */
export function scdHash(parts: string[]): string {
  return `md5(${parts.map((part) => `coalesce(cast(${part} as varchar ), '')`).join(` || '|' || `)})`;
}

function timestampStrategy(config: SnapshotConfig): SnapshotStrategy {
  const updatedAt = config.updatedAt as string;
  return {
    updatedAt,
    scdId: scdHash([...config.keys, updatedAt]),
    rowChanged: `(${currentAlias}.${config.columns.validFrom} < ${sourceAlias}.${updatedAt})`,
  };
}

/** Compares the columns that both sides have. A column that the table does not have yet makes every row a new version, as in dbt. */
function checkStrategy(
  config: SnapshotConfig,
  now: string,
  columns: { source: Column[]; target: Column[] | null },
): SnapshotStrategy {
  const updatedAt = config.updatedAt ?? now;
  const wanted =
    config.checkCols === 'all' ? columns.source.map((column) => column.name) : (config.checkCols as string[]);
  const known = new Set((columns.target ?? columns.source).map((column) => column.name.toLowerCase()));
  const present = wanted.filter((name) => known.has(name.toLowerCase()));
  const spelled = (name: string) =>
    quoteIdentifier(columns.source.find((column) => column.name.toLowerCase() === name.toLowerCase())?.name ?? name);
  const differs = present.map(
    (name) => `${sourceAlias}.${spelled(name)} is distinct from ${currentAlias}.${spelled(name)}`,
  );
  const grown = present.length < wanted.length;
  return {
    updatedAt,
    scdId: scdHash([...config.keys, updatedAt]),
    rowChanged: grown ? 'true' : differs.length === 0 ? 'false' : `(${differs.join('\n      or ')})`,
  };
}

/** `snapshot_<name>_strategy` of the project: the same arguments and keys as dbt's. */
async function customStrategy(run: NodeRun, config: SnapshotConfig, targetExists: boolean): Promise<SnapshotStrategy> {
  const [packageName, name] = config.strategy.includes('.') ? config.strategy.split('.', 2) : [null, config.strategy];
  const macro = `${packageName ? `${packageName}.` : ''}snapshot_${name}_strategy`;
  const answer = await run.macro(macro, [run.node, currentAlias, sourceAlias, run.config, targetExists]);
  const get = (key: string): unknown =>
    answer instanceof Map ? answer.get(key) : isObject(answer) ? answer[key] : undefined;
  return {
    updatedAt: String(get('updated_at')),
    scdId: String(get('scd_id')),
    rowChanged: `(${String(get('row_changed'))})`,
  };
}
