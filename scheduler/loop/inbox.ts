import { MillraceError } from '../../kernel/errors.js';
import type { Turn } from './turn.js';

/** Something that arrived. Applied in a turn, perhaps twice when the first could not commit. */
export interface Input {
  /** Checks, throws when it cannot be done, and only then changes what is alive. */
  apply(turn: Turn): void;
  onCommitted?(): void;
  onRejected(error: unknown): void;
  /** Somebody waits for the answer, and can ask again: refused at once when the store cannot be written. */
  isCommand?: boolean;
}

interface InboxDeps {
  soon(callback: () => void): void;
  turn(inputs: Input[]): Promise<void>;
}

/** Inputs on their way to the next turn. Turns never overlap; all that arrives during one is taken by the next. */
export class Inbox {
  readonly #deps: InboxDeps;
  #waiting: Input[] = [];
  #isOpen = false;
  #isDue = false;
  #isTurning = false;
  #cancelLater: (() => void) | undefined;
  #idleCallbacks: (() => void)[] = [];

  constructor(deps: InboxDeps) {
    this.#deps = deps;
  }

  open(): void {
    this.#isOpen = true;
  }

  close(): void {
    this.#isOpen = false;
    this.#cancelLater?.();
    const error = new MillraceError('SCHEDULER_STOPPED', 'the scheduler has stopped', {
      hint: 'Ask again when it runs.',
    });
    for (const input of this.#waiting.splice(0)) input.onRejected(error);
  }

  push(input: Input): void {
    if (!this.#isOpen) {
      input.onRejected(
        new MillraceError('SCHEDULER_STOPPED', 'the scheduler does not run', { hint: 'Ask again when it does.' }),
      );
      return;
    }
    this.#waiting.push(input);
    this.wake();
  }

  /** As `push`, but content to be taken by the next turn that something else brings, or after a short delay. */
  pushLater(input: Input, after: (callback: () => void) => () => void): void {
    if (!this.#isOpen) return;
    this.#waiting.push(input);
    this.#cancelLater ??= after(() => {
      this.#cancelLater = undefined;
      this.wake();
    });
  }

  /** Takes the commands out of what waits for the next turn, and refuses them. */
  refuseCommands(error: unknown): void {
    const commands = this.#waiting.filter(({ isCommand }) => isCommand);
    this.#waiting = this.#waiting.filter(({ isCommand }) => !isCommand);
    for (const { onRejected } of commands) onRejected(error);
  }

  /** Pushes a change and resolves with what it returned, after the commit. */
  request<Result>(apply: (turn: Turn) => Result, isCommand = false): Promise<Result> {
    return new Promise((resolve, reject) => {
      let result: Result;
      this.push({
        apply: (turn) => {
          result = apply(turn);
        },
        onCommitted: () => resolve(result),
        onRejected: reject,
        isCommand,
      });
    });
  }

  /** Brings a turn about, with or without inputs. */
  wake(): void {
    if (this.#isDue || !this.#isOpen) return;
    this.#isDue = true;
    if (!this.#isTurning) this.#deps.soon(() => void this.#turn());
  }

  /** Resolves when nothing waits for a turn and none is under way. */
  idle(): Promise<void> {
    if (!this.#isDue && !this.#isTurning && this.#waiting.length === 0) return Promise.resolve();
    if (!this.#isDue) this.wake();
    return new Promise((resolve) => this.#idleCallbacks.push(resolve));
  }

  async #turn(): Promise<void> {
    this.#isDue = false;
    this.#isTurning = true;
    this.#cancelLater?.();
    this.#cancelLater = undefined;
    await this.#deps.turn(this.#waiting.splice(0));
    this.#isTurning = false;
    if (this.#isDue) this.#deps.soon(() => void this.#turn());
    else for (const resolve of this.#idleCallbacks.splice(0)) resolve();
  }
}
