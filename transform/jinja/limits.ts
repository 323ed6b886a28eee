import { RuntimeFault } from './errors.js';

/** What one template may use up. Far beyond what real projects need; a template cannot take the process down. */
export const limitValues = {
  /** Loop turns and calls of one rendering. */
  stepsMax: 20_000_000,
  /** Characters of one text, and of all that one rendering writes. */
  charsMax: 128 * 1024 * 1024,
  /** Items of one list. */
  itemsMax: 5_000_000,
  /** Calls that are open at the same time. */
  depthMax: 200,
  /** Bits of one int. */
  bitsMax: 1_000_000,
} as const;

/** Guards for values that grow. Each fails with JINJA_LIMIT. */
export const limits = {
  text(value: string): string {
    if (value.length > limitValues.charsMax) exceeded('a text', limitValues.charsMax, 'characters');
    return value;
  },
  characters(count: number): void {
    if (count > limitValues.charsMax) exceeded('a text', limitValues.charsMax, 'characters');
  },
  items(count: number): void {
    if (count > limitValues.itemsMax) exceeded('a list', limitValues.itemsMax, 'items');
  },
  digits(bits: number): void {
    if (bits > limitValues.bitsMax) exceeded('a number', limitValues.bitsMax, 'bits');
  },
};

function exceeded(what: string, most: number, unit: string): never {
  throw new RuntimeFault(`${what} grows beyond ${most.toLocaleString('en-US')} ${unit}`, 'JINJA_LIMIT');
}
