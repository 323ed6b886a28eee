import type { MacroSteps } from './callables.js';
import { RuntimeFault } from './errors.js';
import { iterate } from './iterate.js';
import { equals } from './operators.js';
import { type Arguments, Callable, type Keywords, type Run, tuple, Undefined, Waiting } from './values.js';

type Recursion = (run: Run, items: unknown[], depth: number, self: Recursion) => unknown;

/** The `loop` of a for. Called, it runs a recursive loop over other items. */
export class Loop extends Callable {
  readonly name = 'loop';
  /** From 0. */
  index = 0;
  readonly #items: unknown[];
  readonly #depth: number;
  readonly #recursion: Recursion | undefined;
  #changed: unknown[] | undefined;

  constructor(items: unknown[], depth: number, recursion?: Recursion) {
    super();
    this.#items = items;
    this.#depth = depth;
    this.#recursion = recursion;
  }

  override getAttribute(name: string): unknown {
    const { index } = this;
    const { length } = this.#items;
    switch (name) {
      case 'index':
        return index + 1;
      case 'index0':
        return index;
      case 'revindex':
        return length - index;
      case 'revindex0':
        return length - index - 1;
      case 'first':
        return index === 0;
      case 'last':
        return index === length - 1;
      case 'length':
        return length;
      case 'depth':
        return this.#depth + 1;
      case 'depth0':
        return this.#depth;
      case 'previtem':
        return index > 0 ? this.#items[index - 1] : new Undefined('there is no previous item');
      case 'nextitem':
        return index + 1 < length ? this.#items[index + 1] : new Undefined('there is no next item');
      case 'cycle':
        return new LoopFunction('cycle', (args) => this.#cycle(args));
      case 'changed':
        return new LoopFunction('changed', (args) => this.#hasChanged(args));
    }
    return undefined;
  }

  call(run: Run, args: Arguments, kwargs: Keywords | null): unknown {
    if (!this.#recursion) throw new RuntimeFault("this loop cannot be called: mark it with 'recursive'");
    if (args.length !== 1 || kwargs) throw new RuntimeFault('loop() takes the items to loop over');
    const result = this.#recursion(run, iterate(args[0]), this.#depth + 1, this.#recursion);
    return run.sync ? result : new Waiting(result as MacroSteps);
  }

  #cycle(args: Arguments): unknown {
    if (args.length === 0) throw new RuntimeFault('cycle() needs values');
    return args[this.index % args.length];
  }

  #hasChanged(args: Arguments): boolean {
    const same = this.#changed !== undefined && equals(tuple(this.#changed), tuple(args));
    this.#changed = args;
    return !same;
  }
}

class LoopFunction extends Callable {
  readonly name: string;
  readonly #body: (args: Arguments) => unknown;

  constructor(name: string, body: (args: Arguments) => unknown) {
    super();
    this.name = name;
    this.#body = body;
  }

  call(_run: Run, args: Arguments): unknown {
    return this.#body(args);
  }
}
