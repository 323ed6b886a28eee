import type { Arguments, Keywords, Run } from './values.js';

/** A method of a built-in type. `self` has the type that the table belongs to; answers None with `undefined`. */
// biome-ignore lint/suspicious/noExplicitAny: each table fixes the type of its own self.
export type Method<Self = any> = (self: Self, args: Arguments, kwargs: Keywords | null, run: Run) => unknown;

/** A table without a prototype: nothing but what is written in it can be found. */
export function methodTable<Self>(table: Record<string, Method<Self>>): Record<string, Method<Self>> {
  return Object.assign(Object.create(null), table);
}
