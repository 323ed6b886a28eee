import { readArguments } from './arguments.js';
import { RuntimeFault } from './errors.js';
import { iterate } from './iterate.js';
import { limits } from './limits.js';
import { methodTable } from './methods.js';
import { equals, toIndex } from './operators.js';
import { sorted } from './sort.js';
import { repr } from './text.js';

/** Python's methods of list. */
export const listMethods = methodTable<unknown[]>({
  append(self, args, kwargs) {
    const [item] = readArguments('append', ['item'], args, kwargs);
    limits.items(self.length + 1);
    self.push(item);
  },
  extend(self, args, kwargs) {
    const items = [...iterate(readArguments('extend', ['items'], args, kwargs)[0])];
    limits.items(self.length + items.length);
    for (const item of items) self.push(item);
  },
  insert(self, args, kwargs) {
    const [index, item] = readArguments('insert', ['index', 'item'], args, kwargs);
    const at = toIndex(index, 'the index');
    self.splice(at < 0 ? Math.max(0, at + self.length) : at, 0, item);
  },
  pop(self, args, kwargs) {
    const [index] = readArguments('pop', ['index?'], args, kwargs);
    const at = index === undefined ? self.length - 1 : toIndex(index, 'the index');
    if (self.length === 0) throw new RuntimeFault('pop from an empty list');
    if (at >= self.length || at < -self.length) throw new RuntimeFault(`pop: the list has no item ${at}`);
    return self.splice(at, 1)[0];
  },
  remove(self, args, kwargs) {
    const [item] = readArguments('remove', ['item'], args, kwargs);
    self.splice(position(self, item, 'remove'), 1);
  },
  clear(self) {
    self.length = 0;
  },
  reverse(self) {
    self.reverse();
  },
  sort(self, args, kwargs) {
    const [, reverse] = readArguments('sort', ['key?', 'reverse?'], args, kwargs);
    const order = sorted(self, { reverse: reverse === true });
    self.splice(0, self.length, ...order);
  },
  copy: (self) => [...self],
  count: (self, args) => self.filter((item) => equals(item, args[0])).length,
  index: (self, args) => position(self, args[0], 'index'),
});

/** Python's methods of tuple. */
export const tupleMethods = methodTable<unknown[]>({
  count: (self, args) => self.filter((item) => equals(item, args[0])).length,
  index: (self, args) => position(self, args[0], 'index'),
});

function position(self: unknown[], item: unknown, method: string): number {
  const at = self.findIndex((other) => equals(other, item));
  if (at === -1) throw new RuntimeFault(`${method}: ${repr(item)} is not in the list`);
  return at;
}
