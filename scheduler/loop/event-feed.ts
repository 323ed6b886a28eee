import type { SchedulerEvent, SchedulerEvents } from '../model/events.js';

/** Tells every listener of what has become durable. A listener that throws is reported and kept. */
export class EventFeed implements SchedulerEvents {
  readonly #listeners = new Set<(event: SchedulerEvent) => void>();
  readonly #report: (error: unknown, about: string) => void;

  constructor(report: (error: unknown, about: string) => void) {
    this.#report = report;
  }

  listen(listener: (event: SchedulerEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  emit(events: readonly SchedulerEvent[]): void {
    for (const event of events) {
      for (const listener of this.#listeners) {
        try {
          listener(event);
        } catch (error) {
          this.#report(error, `a listener of ${event.kind} events`);
        }
      }
    }
  }
}
