import { MillraceError } from '../../kernel/errors.js';
import type { Clock, Instant } from '../../kernel/time.js';

const windowMs = 15 * 60_000;
const failuresMax = 10;
const addressesMax = 10_000;

/** Counts failed logins by address; the eleventh within a quarter of an hour is refused unheard. */
export class LoginLimit {
  readonly #clock: Clock;
  readonly #failures = new Map<string, Instant[]>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Throws TOO_MANY_LOGINS when the address has failed too often. */
  assertAllowed(address: string): void {
    if (this.#recent(address).length < failuresMax) return;
    throw new MillraceError('TOO_MANY_LOGINS', `${failuresMax} failed logins from ${address}`, {
      hint: 'Wait a quarter of an hour.',
    });
  }

  recordFailure(address: string): void {
    const recent = [...this.#recent(address), this.#clock.now()];
    this.#failures.delete(address);
    this.#failures.set(address, recent);
    if (this.#failures.size > addressesMax) {
      const oldest = this.#failures.keys().next().value;
      if (oldest !== undefined) this.#failures.delete(oldest);
    }
  }

  #recent(address: string): Instant[] {
    const since = this.#clock.now() - windowMs;
    return (this.#failures.get(address) ?? []).filter((at) => at > since);
  }
}
