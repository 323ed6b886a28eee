import { readArguments } from '../arguments.js';
import { sliceIndices } from '../attributes.js';
import { hostFunction } from '../callables.js';
import { RuntimeFault } from '../errors.js';
import { iterate } from '../iterate.js';
import { limits } from '../limits.js';
import { operate, toIndex, truthy } from '../operators.js';
import { type Arguments, type Keywords, tuple } from '../values.js';

/** The finite part of Python's `itertools`. Results are lists, not iterators. */
export const itertoolsModule: Record<string, unknown> = {
  chain: hostFunction(
    function chain(args) {
      return args.flatMap(iterate);
    },
    { from_iterable: hostFunction((args) => iterate(args[0]).flatMap(iterate)) },
  ),
  product: hostFunction(function product(args, kwargs) {
    const lists = args.map(iterate);
    const repeated = Array.from({ length: Math.min(64, toIndex(kwargs['repeat'] ?? 1, 'repeat')) }, () => lists).flat();
    limits.items(repeated.reduce((count, list) => count * list.length, 1));
    return repeated
      .reduce<unknown[][]>((rows, list) => rows.flatMap((row) => list.map((item) => [...row, item])), [[]])
      .map(tuple);
  }),
  permutations: hostFunction(function permutations(args, kwargs) {
    return picks('permutations', args, kwargs, (index, chosen) => !chosen.includes(index));
  }),
  combinations: hostFunction(function combinations(args, kwargs) {
    return picks('combinations', args, kwargs, (index, chosen) => index > (chosen.at(-1) ?? -1));
  }),
  combinations_with_replacement: hostFunction(function combinations_with_replacement(args, kwargs) {
    return picks('combinations_with_replacement', args, kwargs, (index, chosen) => index >= (chosen.at(-1) ?? 0));
  }),
  zip_longest: hostFunction(function zip_longest(args, kwargs) {
    const lists = args.map(iterate);
    const length = Math.max(0, ...lists.map((list) => list.length));
    const fill = kwargs['fillvalue'] ?? null;
    return Array.from({ length }, (_, row) => tuple(lists.map((list) => (row < list.length ? list[row] : fill))));
  }),
  islice: hostFunction(function islice(args) {
    const items = iterate(args[0]);
    const [start, stop, step] = args.length === 2 ? [0, args[1], 1] : args.slice(1);
    return sliceIndices(items.length, start, stop, step).map((index) => items[index]);
  }),
  repeat: hostFunction(function repeat(args, kwargs) {
    const [item, times] = readArguments('repeat', ['object', 'times'], args, kwargs);
    const count = Math.max(0, toIndex(times, 'times'));
    limits.items(count);
    return Array.from({ length: count }, () => item);
  }),
  accumulate: hostFunction(function accumulate(args) {
    let total: unknown;
    return iterate(args[0]).map((item, index) => {
      total = index === 0 ? item : operate('+', total, item);
      return total;
    });
  }),
  compress: hostFunction(function compress(args) {
    const selectors = iterate(args[1]);
    return iterate(args[0]).filter((_, index) => truthy(selectors[index]));
  }),
};

/** Tuples of `r` items, in the order of their indices; `fits` says which index may follow the chosen ones. */
function picks(
  name: string,
  args: Arguments,
  kwargs: Keywords,
  fits: (index: number, chosen: number[]) => boolean,
): unknown[] {
  const [given, size] = readArguments(name, ['iterable', 'r?'], args, kwargs);
  const items = iterate(given);
  const count = size === undefined || size === null ? items.length : toIndex(size, 'r');
  if (count < 0) throw new RuntimeFault('r must not be negative');
  const found: unknown[] = [];
  const extend = (chosen: number[]): void => {
    if (chosen.length === count) {
      limits.items(found.length + 1);
      found.push(tuple(chosen.map((index) => items[index])));
      return;
    }
    for (let index = 0; index < items.length; index++) if (fits(index, chosen)) extend([...chosen, index]);
  };
  if (count <= items.length || name.endsWith('replacement')) extend([]);
  return found;
}
