import { methodTable } from './methods.js';
import { numberOf } from './operators.js';

/** Python's methods of int and float. */
export const numberMethods = methodTable<unknown>({
  is_integer: (self) => Number.isInteger(Number(numberOf(self))),
  bit_length: (self) => {
    const value = BigInt(Math.trunc(Number(numberOf(self))));
    return value === 0n ? 0 : (value < 0n ? -value : value).toString(2).length;
  },
});
