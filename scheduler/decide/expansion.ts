import type { InputBinding } from '../model/dag.js';
import type { LiveRun, LiveTaskInstance } from './live-run.js';
import type { Mapping } from './plan.js';

export type ExpansionVerdict =
  | { kind: 'expand'; length: number }
  | { kind: 'wait'; reason: string }
  | { kind: 'set'; state: 'skipped' | 'upstream_failed'; reason: string };

/** How many instances a mapped task has, as soon as what it is mapped over has succeeded. */
export function expansionVerdict(run: LiveRun, mapping: Mapping): ExpansionVerdict {
  for (const source of mapping.sources) {
    const settled = sourceVerdict(run, source);
    if (settled) return settled;
  }
  const lengths: number[] = [];
  const { spec } = mapping;
  for (const binding of spec.kind === 'records' ? [spec.over] : Object.values(spec.over)) {
    const length = lengthOf(run, binding);
    if (length === null) {
      return {
        kind: 'set',
        state: 'upstream_failed',
        reason: `${describe(binding)} returned nothing that can be mapped over`,
      };
    }
    lengths.push(length);
  }
  if (spec.kind === 'product') return { kind: 'expand', length: lengths.reduce((a, b) => a * b, 1) };
  if (spec.kind === 'records') return { kind: 'expand', length: lengths[0] ?? 0 };
  const length = spec.longest ? Math.max(0, ...lengths) : Math.min(...lengths);
  return { kind: 'expand', length: Number.isFinite(length) ? length : 0 };
}

/** What a mapped task is mapped over must have succeeded, whatever the trigger rule says. */
function sourceVerdict(run: LiveRun, source: number): ExpansionVerdict | null {
  const { taskId } = (run.plan.tasks[source] as (typeof run.plan.tasks)[number]).task;
  const instances = run.instances[source] as LiveTaskInstance[];
  for (const { state } of instances) {
    if (state === 'failed' || state === 'upstream_failed') {
      return { kind: 'set', state: 'upstream_failed', reason: `${taskId}, which it is mapped over, failed` };
    }
  }
  if (run.unfinishedOf(source) > 0) return { kind: 'wait', reason: `mapped over ${taskId}, which has not finished` };
  if (instances.length > 0 && instances.every(({ state }) => state === 'skipped')) {
    return { kind: 'set', state: 'skipped', reason: `${taskId}, which it is mapped over, was skipped` };
  }
  return null;
}

function lengthOf(run: LiveRun, binding: InputBinding): number | null {
  if ('literal' in binding) return literalLength(binding.literal);
  if ('mapped' in binding) return null;
  const source = run.plan.indexOf.get(binding.ref);
  if (source === undefined) return null;
  const instances = run.instances[source] as LiveTaskInstance[];
  if (run.plan.tasks[source]?.mapping) return instances.filter((one) => one.returnLength !== undefined).length;
  return instances[0]?.returnLength ?? null;
}

/** The number of elements of a list, or of entries of an object; null for anything else. */
export function literalLength(value: unknown): number | null {
  if (Array.isArray(value)) return value.length;
  if (typeof value === 'object' && value !== null) return Object.keys(value).length;
  return null;
}

function describe(binding: InputBinding): string {
  return 'ref' in binding ? binding.ref : 'the literal';
}
