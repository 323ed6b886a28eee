import type { Clock } from '../../kernel/time.js';

/** What a process has of the world: when it is killed, none of its timers fires and nothing of it goes on. */
export class Mortal {
  #isDead = false;

  get isDead(): boolean {
    return this.#isDead;
  }

  kill(): void {
    this.#isDead = true;
  }

  clock(clock: Clock): Clock {
    return {
      now: () => clock.now(),
      monotonic: () => clock.monotonic(),
      after: (delayMs, callback) => clock.after(delayMs, () => this.#live(callback)),
    };
  }

  readonly soon = (callback: () => void): void => {
    setImmediate(() => this.#live(callback));
  };

  #live(callback: () => void): void {
    if (!this.#isDead) callback();
  }
}
