import { readArguments, textArgument } from '../arguments.js';
import { hostFunction } from '../callables.js';
import { utc, Zone } from './zone.js';

/** The module `pytz`. */
export const pytzModule: Record<string, unknown> = {
  utc,
  UTC: utc,
  timezone: hostFunction(function timezone(args, kwargs) {
    const name = textArgument('timezone', readArguments('timezone', ['zone'], args, kwargs)[0]);
    return /^utc$/i.test(name) ? utc : new Zone(name);
  }),
  FixedOffset: hostFunction(function FixedOffset(args) {
    return new Zone(`pytz.FixedOffset(${Number(args[0])})`, Number(args[0]));
  }),
};
