import { iterate } from './iterate.js';
import { methodTable } from './methods.js';
import { PySet } from './values.js';

/** Python's methods of set. */
export const setMethods = methodTable<PySet>({
  add(self, args) {
    self.entries.set(args[0], true);
  },
  discard(self, args) {
    self.entries.delete(args[0]);
  },
  remove(self, args) {
    self.entries.delete(args[0]);
  },
  update(self, args) {
    for (const other of args) for (const item of iterate(other)) self.entries.set(item, true);
  },
  clear(self) {
    self.entries.clear();
  },
  pop(self) {
    const [first] = self;
    self.entries.delete(first);
    return first;
  },
  copy: (self) => new PySet(self),
  union: (self, args) => new PySet([...self, ...args.flatMap((other) => [...iterate(other)])]),
  intersection: (self, args) => new PySet([...self].filter((item) => args.every((other) => asSet(other).has(item)))),
  difference: (self, args) => new PySet([...self].filter((item) => !args.some((other) => asSet(other).has(item)))),
  symmetric_difference(self, args) {
    const other = asSet(args[0]);
    return new PySet([
      ...[...self].filter((item) => !other.has(item)),
      ...[...other].filter((item) => !self.has(item)),
    ]);
  },
  issubset: (self, args) => [...self].every((item) => asSet(args[0]).has(item)),
  issuperset: (self, args) => [...asSet(args[0])].every((item) => self.has(item)),
  isdisjoint: (self, args) => ![...asSet(args[0])].some((item) => self.has(item)),
});

function asSet(value: unknown): PySet {
  return value instanceof PySet ? value : new PySet(iterate(value));
}
