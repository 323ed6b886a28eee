/**
 * Locks by name among the sessions of one database, for work that two sessions must not do at the same time: DuckDB fails the second of two writers
 * where other databases make it wait. Given out in the order in which they were asked for; a session holds one at most.
 */
export class DuckdbLocks {
  readonly #held = new Map<string, object>();
  readonly #waiting: Waiter[] = [];

  /** Resolves when the session has the lock. Rejects when the session gives up. */
  take(session: object, name: string): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ session, name, resolve, reject });
      this.#giveOut();
    });
  }

  free(session: object): void {
    for (const [name, holder] of this.#held) if (holder === session) this.#held.delete(name);
    this.#giveOut();
  }

  /** Ends the session's waiting. */
  giveUp(session: object): void {
    const index = this.#waiting.findIndex((each) => each.session === session);
    const [waiter] = index === -1 ? [] : this.#waiting.splice(index, 1);
    waiter?.reject(new Error('INTERRUPT Error: Interrupted!'));
  }

  #giveOut(): void {
    for (let index = 0; index < this.#waiting.length; index++) {
      const { session, name, resolve } = this.#waiting[index] as Waiter;
      if (this.#held.has(name)) continue;
      this.#held.set(name, session);
      this.#waiting.splice(index--, 1);
      resolve();
    }
  }
}

interface Waiter {
  session: object;
  name: string;
  resolve: () => void;
  reject: (error: Error) => void;
}
