import { fromIso, type Instant } from '../kernel/time.js';

/** A time as a field of a form has it: without a zone it is UTC. Undefined when it is none. */
export function formTime(text: string): Instant | undefined {
  return fromIso(/(Z|[+-]\d{2}:?\d{2})$/i.test(text) ? text : `${text}Z`);
}
