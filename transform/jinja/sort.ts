import { compare } from './operators.js';

/** A sorted copy, stable also in reverse, as Python sorts. */
export function sorted(
  items: Iterable<unknown>,
  options: { key?: (item: unknown) => unknown; reverse?: boolean } = {},
): unknown[] {
  const key = options.key ?? ((item: unknown) => item);
  const sign = options.reverse ? -1 : 1;
  return [...items]
    .map((item) => ({ item, key: key(item) }))
    .sort((a, b) => sign * compare(a.key, b.key))
    .map(({ item }) => item);
}
