import { codePoints } from './attributes.js';
import { RuntimeFault } from './errors.js';
import { HostObject, isMapping, isUndefined, mappingKeys, PySet, typeName } from './values.js';

/** What a `for` runs over, as an array: the list itself, the characters of a text, the keys of a dict. */
export function iterate(value: unknown): unknown[] {
  if (Array.isArray(value)) return value;
  const items = tryIterate(value);
  if (!items) throw new RuntimeFault(`a value of type '${typeName(value)}' cannot be iterated`);
  return items;
}

/** The same; undefined when the value cannot be iterated. */
export function tryIterate(value: unknown): unknown[] | undefined {
  if (Array.isArray(value)) return value;
  if (typeof value === 'string') return Array.from(codePoints(value));
  if (isUndefined(value)) return [];
  if (isMapping(value)) return mappingKeys(value);
  if (value instanceof PySet) return [...value];
  const items = value instanceof HostObject ? value.iterate() : undefined;
  return items && (Array.isArray(items) ? items : [...items]);
}
