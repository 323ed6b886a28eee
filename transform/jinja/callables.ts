import type { Signature } from './codegen.js';
import { RuntimeFault } from './errors.js';
import { throwUndefined } from './operators.js';
import {
  type Arguments,
  Callable,
  Dict,
  isUndefined,
  type Keywords,
  type Run,
  tuple,
  Undefined,
  Waiting,
} from './values.js';

export type HostFunctionBody = (args: Arguments, kwargs: Keywords, run: Run) => unknown;

/**
 * A function of the host as templates call it. `fn` gets positional and named arguments (`readArguments` sorts them)
 * and the run; it may answer a promise, which is awaited in the middle of the expression (in a synchronous rendering
 * that is an error). `undefined` becomes None. `attributes` are what the function has behind a dot: `config.get`.
 */
export function hostFunction(fn: HostFunctionBody, attributes?: Readonly<Record<string, unknown>>): Callable {
  return new HostFunction(fn, attributes);
}

class HostFunction extends Callable {
  readonly #body: HostFunctionBody;
  readonly #attributes: Readonly<Record<string, unknown>> | undefined;

  constructor(body: HostFunctionBody, attributes: Readonly<Record<string, unknown>> | undefined) {
    super();
    this.#body = body;
    this.#attributes = attributes;
  }

  get name(): string {
    return this.#body.name || 'function';
  }

  call(run: Run, args: Arguments, kwargs: Keywords | null): unknown {
    const result = this.#body(args, kwargs ?? {}, run);
    if (isPromise(result)) {
      if (!run.sync) return new Waiting(awaiting(result));
      // It is dropped here, so that its failure must not end the process.
      Promise.resolve(result).catch(() => undefined);
      throw new RuntimeFault(
        `${this.name}() has to wait for something, which cannot be done while a project is parsed`,
        'JINJA_RUNTIME',
        'Put it inside {% if execute %}.',
      );
    }
    return result === undefined ? null : result;
  }

  override getAttribute(name: string): unknown {
    if (this.#attributes && Object.hasOwn(this.#attributes, name)) return this.#attributes[name];
    return super.getAttribute(name);
  }
}

function* awaiting(promise: PromiseLike<unknown>): Generator<PromiseLike<unknown>, unknown, unknown> {
  const value = yield promise;
  return value === undefined ? null : value;
}

function isPromise(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function';
}

export type MacroSteps = Generator<PromiseLike<unknown>, unknown, unknown>;

/** A macro or the body of a call block, made while a template runs. */
export class LocalMacro extends Callable {
  readonly name: string;
  readonly #signature: Signature;
  readonly #body: (run: Run, bound: BoundArguments) => unknown;

  constructor(name: string, signature: Signature, body: (run: Run, bound: BoundArguments) => unknown) {
    super();
    this.name = name;
    this.#signature = signature;
    this.#body = body;
  }

  override toString(): string {
    return `<Macro '${this.name}'>`;
  }

  call(run: Run, args: Arguments, kwargs: Keywords | null): unknown {
    const result = this.#body(run, bindArguments(this.name, this.#signature, args, kwargs));
    return run.sync ? result : new Waiting(result as MacroSteps);
  }
}

/** A macro's arguments in the order of its parameters; `undefined` where the default applies. */
export type BoundArguments = unknown[] & { varargs?: unknown; kwargs?: unknown; caller?: unknown };

export function bindArguments(
  name: string,
  signature: Signature,
  args: Arguments,
  kwargs: Keywords | null,
): BoundArguments {
  const { names } = signature;
  // `bound` may be `args` itself, which is made for this call alone.
  const given = args.length;
  const bound: BoundArguments = given > names.length ? args.slice(0, names.length) : args;
  if (given > names.length && !signature.varargs)
    throw new RuntimeFault(
      `macro '${name}' takes not more than ${names.length} argument${names.length === 1 ? '' : 's'}, got ${given}`,
    );
  if (signature.varargs) bound.varargs = tuple(args.slice(names.length));
  let rest: Dict | undefined;
  let caller: unknown;
  for (const key in kwargs) {
    const index = names.indexOf(key);
    if (index >= given) bound[index] = kwargs[key];
    else if (index >= 0) throw new RuntimeFault(`macro '${name}' got two values for the argument '${key}'`);
    else if (key === 'caller' && signature.caller) caller = kwargs[key];
    else if (signature.kwargs) {
      rest ??= new Dict();
      rest.set(key, kwargs[key]);
    } else throw new RuntimeFault(`macro '${name}' takes no argument '${key}'`);
  }
  if (signature.kwargs) bound.kwargs = rest ?? new Dict();
  if (signature.caller) bound.caller = caller ?? new Undefined(`macro '${name}' was not called by a call block`);
  return bound;
}

/** Calls a value. Calling what is undefined gives the same undefined value in the parse phase, else it fails. */
export function call(callee: unknown, args: Arguments, kwargs: Keywords | null, run: Run): unknown {
  if (--run.stepsLeft < 0) throw stepsExceeded();
  if (callee instanceof Callable) return callee.call(run, args, kwargs);
  if (isUndefined(callee)) {
    if (run.lenient) return callee;
    throwUndefined(callee);
  }
  throw new RuntimeFault(`a value of type '${typeof callee}' cannot be called`);
}

export function stepsExceeded(): RuntimeFault {
  return new RuntimeFault('the template does not come to an end: it makes too many steps', 'JINJA_LIMIT');
}

/** Runs the steps of an asynchronous rendering, awaiting every promise that they yield. */
export async function runSteps(steps: MacroSteps): Promise<unknown> {
  let step = steps.next();
  while (!step.done) {
    let value: unknown;
    try {
      value = await step.value;
    } catch (error) {
      step = steps.throw(error);
      continue;
    }
    step = steps.next(value);
  }
  return step.value;
}
