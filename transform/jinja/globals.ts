import { readArguments } from './arguments.js';
import { hostFunction } from './callables.js';
import { updateFrom } from './dict-methods.js';
import { RuntimeFault } from './errors.js';
import { limits } from './limits.js';
import { Namespace } from './namespace.js';
import { toIndex } from './operators.js';
import { Dict, HostObject, type Keywords, view } from './values.js';

/** Jinja's own functions: found when the context does not have the name. */
export const globals: Readonly<Record<string, unknown>> = {
  range: hostFunction(function range(args, kwargs) {
    const [first, second, third] = readArguments('range', ['start', 'stop?', 'step?'], args, kwargs).map((value) =>
      value === undefined ? undefined : toIndex(value, 'an argument of range()'),
    ) as [number, number | undefined, number | undefined];
    const [start, stop, step] = [second === undefined ? 0 : first, second ?? first, third ?? 1];
    const text = third === undefined ? `range(${start}, ${stop})` : `range(${start}, ${stop}, ${step})`;
    return view('range', numbers(start, stop, step), text);
  }),
  dict: hostFunction(function dict(args, kwargs) {
    return filled(new Dict(), args, kwargs);
  }),
  namespace: hostFunction(function namespace(args, kwargs) {
    const made = new Namespace();
    filled(made.values, args, kwargs);
    return made;
  }),
  cycler: hostFunction(function cycler(args) {
    if (args.length === 0) throw new RuntimeFault('cycler() needs values');
    return new Cycler(args);
  }),
  joiner: hostFunction(function joiner(args, kwargs) {
    const [separator = ', '] = readArguments('joiner', ['sep?'], args, kwargs);
    let used = false;
    return hostFunction(() => {
      if (used) return separator;
      used = true;
      return '';
    });
  }),
};

function numbers(start: number, stop: number, step: number): number[] {
  if (step === 0) throw new RuntimeFault('the step of range() cannot be 0');
  const count = Math.max(0, Math.ceil((stop - start) / step));
  limits.items(count);
  return Array.from({ length: count }, (_, index) => start + index * step);
}

function filled(made: Dict, args: unknown[], kwargs: Keywords): Dict {
  for (const source of args) updateFrom(made, source);
  for (const key of Object.keys(kwargs)) made.set(key, kwargs[key]);
  return made;
}

/** `cycler('odd', 'even')`: gives its values in turn. */
class Cycler extends HostObject {
  readonly #items: unknown[];
  #position = 0;

  constructor(items: unknown[]) {
    super();
    this.#items = items;
  }

  getAttribute(name: string): unknown {
    if (name === 'current') return this.#items[this.#position];
    if (name === 'next')
      return hostFunction(() => {
        const current = this.#items[this.#position];
        this.#position = (this.#position + 1) % this.#items.length;
        return current;
      });
    if (name !== 'reset') return undefined;
    return hostFunction(() => {
      this.#position = 0;
    });
  }

  override toString(): string {
    return '<Cycler>';
  }
}
