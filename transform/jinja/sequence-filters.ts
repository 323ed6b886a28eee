import { readArguments } from './arguments.js';
import { attribute, item, sliceIndices } from './attributes.js';
import { RuntimeFault } from './errors.js';
import type { Filter } from './filters.js';
import { filters } from './filters.js';
import { iterate } from './iterate.js';
import { limits } from './limits.js';
import { knownFilters, nearestName } from './names.js';
import { compare, equals, operate, toIndex, truthy } from './operators.js';
import { sorted } from './sort.js';
import { tests } from './tests.js';
import { str } from './text.js';
import {
  type Arguments,
  Dict,
  HostObject,
  isMapping,
  isUndefined,
  type Keywords,
  mappingEntries,
  type Run,
  tuple,
  typeName,
  Undefined,
} from './values.js';

/** Filters on lists and dicts. */
export const sequenceFilters: Record<string, Filter> = {
  batch(value, args, kwargs) {
    const [size, fill] = readArguments('batch', ['linecount', 'fill_with?'], args, kwargs);
    const width = Math.max(1, toIndex(size, 'linecount'));
    const items = iterate(value);
    const rows = Array.from({ length: Math.ceil(items.length / width) }, (_, row) =>
      items.slice(row * width, (row + 1) * width),
    );
    const last = rows.at(-1);
    if (fill !== undefined && fill !== null && last) while (last.length < width) last.push(fill);
    return rows;
  },
  dictsort(value, args, kwargs) {
    const [caseSensitive, by = 'key', reverse] = readArguments(
      'dictsort',
      ['case_sensitive?', 'by?', 'reverse?'],
      args,
      kwargs,
    );
    if (!isMapping(value)) throw new RuntimeFault(`dictsort needs a dict, got '${typeName(value)}'`);
    const at = by === 'value' ? 1 : 0;
    const key = (pair: unknown) => folded((pair as unknown[])[at], truthy(caseSensitive));
    return sorted(mappingEntries(value).map(tuple), { key, reverse: truthy(reverse) });
  },
  first: (value) =>
    iterate(value).length > 0 ? iterate(value)[0] : new Undefined('there is no first item: the list is empty'),
  last: (value) =>
    iterate(value).length > 0 ? iterate(value).at(-1) : new Undefined('there is no last item: the list is empty'),
  groupby(value, args, kwargs, run) {
    const [path, preset, caseSensitive = true] = readArguments(
      'groupby',
      ['attribute', 'default?', 'case_sensitive?'],
      args,
      kwargs,
    );
    const read = reader(path, run, preset);
    const key = (each: unknown) => folded(read(each), truthy(caseSensitive));
    const groups: { key: unknown; members: unknown[] }[] = [];
    for (const each of sorted(iterate(value), { key })) {
      const current = groups.at(-1);
      if (current && equals(current.key, key(each))) current.members.push(each);
      else groups.push({ key: key(each), members: [each] });
    }
    return groups.map(({ members }) => new Group(read(members[0]), members));
  },
  items(value) {
    if (isUndefined(value)) return [];
    if (!isMapping(value)) throw new RuntimeFault(`items needs a dict, got '${typeName(value)}'`);
    return mappingEntries(value).map(tuple);
  },
  join(value, args, kwargs, run) {
    const [separator = '', path] = readArguments('join', ['d?', 'attribute?'], args, kwargs);
    const items = iterate(value);
    const read = path === undefined || path === null ? undefined : reader(path, run);
    return limits.text(items.map((each) => str(read ? read(each) : each)).join(str(separator)));
  },
  list: (value) => [...iterate(value)],
  map: mapItems,
  max: (value, args, kwargs, run) => extreme('max', value, args, kwargs, run),
  min: (value, args, kwargs, run) => extreme('min', value, args, kwargs, run),
  random(value) {
    const items = iterate(value);
    if (items.length === 0) return new Undefined('there is no random item: the list is empty');
    return items[Math.floor(Math.random() * items.length)];
  },
  reject: (value, args, kwargs, run) => select(value, args, run, { wanted: false, byAttribute: false }, kwargs),
  rejectattr: (value, args, kwargs, run) => select(value, args, run, { wanted: false, byAttribute: true }, kwargs),
  select: (value, args, kwargs, run) => select(value, args, run, { wanted: true, byAttribute: false }, kwargs),
  selectattr: (value, args, kwargs, run) => select(value, args, run, { wanted: true, byAttribute: true }, kwargs),
  reverse(value) {
    const reversed = [...iterate(value)].reverse();
    return typeof value === 'string' ? reversed.join('') : reversed;
  },
  slice(value, args, kwargs) {
    const [count, fill] = readArguments('slice', ['slices', 'fill_with?'], args, kwargs);
    return slices(iterate(value), Math.max(1, toIndex(count, 'slices')), fill);
  },
  sort(value, args, kwargs, run) {
    const [reverse, caseSensitive, path] = readArguments(
      'sort',
      ['reverse?', 'case_sensitive?', 'attribute?'],
      args,
      kwargs,
    );
    const reads =
      typeof path === 'string'
        ? path.split(',').map((each) => reader(each.trim(), run))
        : path === undefined || path === null
          ? [(each: unknown) => each]
          : [reader(path, run)];
    const key = (each: unknown) => {
      const keys = reads.map((read) => folded(read(each), truthy(caseSensitive)));
      // In a tuple, equal keys are never compared: a column of none or undefined keeps its order.
      return path === undefined || path === null ? keys[0] : tuple(keys);
    };
    return sorted(iterate(value), { key, reverse: truthy(reverse) });
  },
  sum(value, args, kwargs, run) {
    const [path, start = 0] = readArguments('sum', ['attribute?', 'start?'], args, kwargs);
    const read = path === undefined || path === null ? (each: unknown) => each : reader(path, run);
    return iterate(value).reduce((total, each) => operate('+', total, read(each)), start);
  },
  unique(value, args, kwargs, run) {
    const [caseSensitive, path] = readArguments('unique', ['case_sensitive?', 'attribute?'], args, kwargs);
    const read = path === undefined || path === null ? (each: unknown) => each : reader(path, run);
    const seen = new Dict();
    return iterate(value).filter((each) => {
      const key = folded(read(each), truthy(caseSensitive));
      if (seen.has(key)) return false;
      seen.set(key, true);
      return true;
    });
  },
};

/** Text without regard to case, unless it matters; an undefined value is a fault where it is sorted. */
function folded(value: unknown, caseSensitive: boolean): unknown {
  return typeof value === 'string' && !caseSensitive ? value.toLowerCase() : value;
}

/** Reads `a.b.0` of an item, as the `attribute` of filters. */
function reader(path: unknown, run: Run, preset?: unknown): (value: unknown) => unknown {
  const steps =
    typeof path === 'string' ? path.split('.').map((part) => (/^\d+$/.test(part) ? Number(part) : part)) : [path];
  return (value) => {
    let current = value;
    for (const part of steps) {
      current = typeof part === 'string' ? itemOrAttribute(current, part, run) : item(current, part, run);
      if (isUndefined(current) && preset !== undefined) return preset;
    }
    return current;
  };
}

/** Filters look for an item first, expressions with a dot for an attribute first. */
function itemOrAttribute(value: unknown, name: string, run: Run): unknown {
  return value instanceof HostObject ? attribute(value, name, run) : item(value, name, run);
}

/** Jinja's map and select take whatever is false as nothing to go through: also none. */
function itemsOf(value: unknown): unknown[] {
  return truthy(value) ? iterate(value) : [];
}

function mapItems(value: unknown, args: Arguments, kwargs: Keywords | null, run: Run): unknown[] {
  const items = itemsOf(value);
  if (kwargs && 'attribute' in kwargs) {
    const read = reader(kwargs['attribute'], run, kwargs['default']);
    return items.map(read);
  }
  const [name, ...rest] = args;
  const filter = typeof name === 'string' && Object.hasOwn(filters, name) ? filters[name] : undefined;
  if (!filter)
    throw new RuntimeFault(
      `map needs a filter or attribute=, got ${str(name)}`,
      'JINJA_RUNTIME',
      nearestName(str(name), knownFilters),
    );
  return items.map((each) => filter(each, rest, kwargs, run));
}

function select(
  value: unknown,
  args: Arguments,
  run: Run,
  kind: { wanted: boolean; byAttribute: boolean },
  _kwargs: Keywords | null,
): unknown[] {
  const read = kind.byAttribute ? reader(args[0], run) : (each: unknown) => each;
  const [name, ...rest] = kind.byAttribute ? args.slice(1) : args;
  const test = name === undefined ? truthy : testNamed(name);
  return itemsOf(value).filter((each) => test(read(each), rest, run) === kind.wanted);
}

function testNamed(name: unknown): (value: unknown, args: Arguments, run: Run) => boolean {
  const test = typeof name === 'string' && Object.hasOwn(tests, name) ? tests[name] : undefined;
  if (!test)
    throw new RuntimeFault(
      `there is no test ${str(name)}`,
      'JINJA_RUNTIME',
      nearestName(str(name), Object.keys(tests)),
    );
  return test;
}

function extreme(kind: 'min' | 'max', value: unknown, args: Arguments, kwargs: Keywords | null, run: Run): unknown {
  const [caseSensitive, path] = readArguments(kind, ['case_sensitive?', 'attribute?'], args, kwargs);
  const read = path === undefined || path === null ? (each: unknown) => each : reader(path, run);
  const key = (each: unknown) => folded(read(each), truthy(caseSensitive));
  const items = iterate(value);
  if (items.length === 0) return new Undefined(`there is no ${kind}: the list is empty`);
  return items.reduce((best, each) => {
    const order = compare(key(each), key(best));
    return (kind === 'max' ? order > 0 : order < 0) ? each : best;
  });
}

/** `items` in `count` columns of nearly the same length. */
function slices(items: unknown[], count: number, fill: unknown): unknown[][] {
  limits.items(count);
  const size = Math.floor(items.length / count);
  const longer = items.length % count;
  return Array.from({ length: count }, (_, column) => {
    const start = column * size + Math.min(column, longer);
    const part = sliceIndices(items.length, start, start + size + (column < longer ? 1 : 0), 1).map(
      (index) => items[index],
    );
    if (fill !== undefined && fill !== null && column >= longer && longer > 0) part.push(fill);
    return part;
  });
}

/** One group of `groupby`: a pair that also has names. */
class Group extends HostObject {
  readonly #grouper: unknown;
  readonly #members: unknown[];

  constructor(grouper: unknown, members: unknown[]) {
    super();
    this.#grouper = grouper;
    this.#members = members;
  }

  getAttribute(name: string): unknown {
    if (name === 'grouper') return this.#grouper;
    return name === 'list' ? this.#members : undefined;
  }

  override getItem(key: unknown): unknown {
    return typeof key === 'string' ? this.getAttribute(key) : [this.#grouper, this.#members].at(Number(key));
  }

  override iterate(): unknown[] {
    return [this.#grouper, this.#members];
  }

  override get size(): number {
    return 2;
  }

  override get typeName(): string {
    return 'tuple';
  }

  override toString(): string {
    return str(tuple([this.#grouper, this.#members]));
  }

  override get repr(): string {
    return this.toString();
  }
}
