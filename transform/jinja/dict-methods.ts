import { readArguments } from './arguments.js';
import { RuntimeFault } from './errors.js';
import { iterate } from './iterate.js';
import { methodTable } from './methods.js';
import { repr } from './text.js';
import {
  Dict,
  isMapping,
  mappingDelete,
  mappingEntries,
  mappingGet,
  mappingHas,
  mappingKeys,
  mappingSet,
  tuple,
  view,
} from './values.js';

type Mapping = Parameters<typeof mappingGet>[0];

/** Python's methods of dict. */
export const dictMethods = methodTable<Mapping>({
  get(self, args, kwargs) {
    const [key, preset] = readArguments('get', ['key', 'default?'], args, kwargs);
    return mappingHas(self, key) ? mappingGet(self, key) : (preset ?? null);
  },
  keys: (self) => view('dict_keys', mappingKeys(self)),
  values: (self) =>
    view(
      'dict_values',
      mappingEntries(self).map(([, value]) => value),
    ),
  items: (self) => view('dict_items', mappingEntries(self).map(tuple)),
  update(self, args, kwargs) {
    for (const source of args) updateFrom(self, source);
    for (const key of Object.keys(kwargs ?? {})) mappingSet(self, key, kwargs?.[key]);
  },
  pop(self, args, kwargs) {
    const [key, preset] = readArguments('pop', ['key', 'default?'], args, kwargs);
    if (!mappingHas(self, key)) {
      if (args.length > 1 || (kwargs && 'default' in kwargs)) return preset;
      throw new RuntimeFault(`pop: the dict has no key ${repr(key)}`);
    }
    const value = mappingGet(self, key);
    mappingDelete(self, key);
    return value;
  },
  popitem(self) {
    const last = mappingEntries(self).at(-1);
    if (!last) throw new RuntimeFault('popitem: the dict is empty');
    mappingDelete(self, last[0]);
    return tuple(last);
  },
  setdefault(self, args, kwargs) {
    const [key, preset] = readArguments('setdefault', ['key', 'default?'], args, kwargs);
    if (!mappingHas(self, key)) mappingSet(self, key, preset ?? null);
    return mappingGet(self, key);
  },
  clear(self) {
    for (const key of mappingKeys(self)) mappingDelete(self, key);
  },
  copy: (self) => copyMapping(self),
  fromkeys: (_self, args) => {
    const made = new Dict();
    for (const key of iterate(args[0])) made.set(key, args[1] ?? null);
    return made;
  },
});

export function copyMapping(self: Mapping): Dict {
  const copy = new Dict();
  for (const [key, value] of mappingEntries(self)) copy.set(key, value);
  return copy;
}

/** Takes over the entries of a dict, or of a list of pairs. */
export function updateFrom(self: Mapping, source: unknown): void {
  if (isMapping(source)) {
    for (const [key, value] of mappingEntries(source)) mappingSet(self, key, value);
    return;
  }
  for (const pair of iterate(source)) {
    const parts = iterate(pair);
    if (parts.length !== 2) throw new RuntimeFault(`a pair of key and value is needed, got ${repr(pair)}`);
    mappingSet(self, parts[0], parts[1]);
  }
}
