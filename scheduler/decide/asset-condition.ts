import type { AssetCondition, AssetRef } from '../model/dag.js';

/** Whether the condition holds when the assets of these URIs have been written. */
export function isSatisfied(condition: AssetCondition, written: ReadonlySet<string>): boolean {
  if ('asset' in condition) return written.has(condition.asset.uri);
  if ('all' in condition) return condition.all.every((part) => isSatisfied(part, written));
  return condition.any.some((part) => isSatisfied(part, written));
}

/** The assets that a condition names, each once. */
export function assetsOf(condition: AssetCondition): AssetRef[] {
  const found = new Map<string, AssetRef>();
  const visit = (part: AssetCondition): void => {
    if ('asset' in part) found.set(part.asset.uri, part.asset);
    else for (const inner of 'all' in part ? part.all : part.any) visit(inner);
  };
  visit(condition);
  return [...found.values()];
}
