import { RuntimeFault } from './errors.js';
import { Dict, Float, isMapping, isUndefined, mappingEntries, PySet } from './values.js';

const depthMax = 200;

/** A template's value as plain JavaScript: dicts as objects, tuples and sets as arrays, floats as numbers. Host objects stay. */
export function toHost(value: unknown, depth = 0): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (depth > depthMax) throw new RuntimeFault('the value is nested too deeply, or holds itself');
  if (value instanceof Float) return value.value;
  if (isUndefined(value)) return null;
  if (Array.isArray(value) || value instanceof PySet) return [...value].map((item) => toHost(item, depth + 1));
  if (!isMapping(value)) return value;
  const made: Record<string, unknown> = {};
  for (const [key, item] of mappingEntries(value))
    Object.defineProperty(made, String(key), {
      value: toHost(item, depth + 1),
      enumerable: true,
      writable: true,
      configurable: true,
    });
  return made;
}

/** Plain JavaScript as a template's value that it may change without changing the host's: objects become dicts. */
export function fromHost(value: unknown, depth = 0): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (depth > depthMax) throw new RuntimeFault('the value is nested too deeply, or holds itself');
  if (Array.isArray(value)) return value.map((item) => fromHost(item, depth + 1));
  if (!isMapping(value)) return value;
  const made = new Dict();
  for (const [key, item] of mappingEntries(value)) made.set(key, fromHost(item, depth + 1));
  return made;
}
