import type { Json } from '../../kernel/json.js';
import type { Clock } from '../../kernel/time.js';
import { noEffects } from '../../scheduler/loop/attempt-events.js';
import type {
  AttemptEffects,
  AttemptEvent,
  AttemptOutcome,
  AttemptRequest,
  Executor,
  ExecutorListener,
} from '../../scheduler/model/attempt.js';
import type { Random } from '../support/random.js';
import { otherAsset } from './world.js';

/** How ill the world is: probabilities. */
export interface Weather {
  fail: number;
  lose: number;
  skip: number;
  /** A report that comes twice, or again much later. */
  repeat: number;
}

/** What an attempt that reported success has asked for besides. */
export interface Deed {
  attemptId: string;
  place: [dagId: string, runId: string, taskId: string, mapIndex: number];
  mails: boolean;
  writes: boolean;
}

/** Runs attempts in simulated time: with latency, failures, deaths, and reports that come twice or late. */
export class SimExecutor implements Executor {
  listener: ExecutorListener | undefined;
  weather: Weather;
  submissions = 0;
  readonly deeds: Deed[] = [];
  /** Attempts whose processes live. */
  readonly alive = new Map<string, AttemptRequest>();
  readonly #seen = new Set<string>();
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #report: (breach: string) => void;
  #isDead = false;

  constructor(clock: Clock, random: Random, weather: Weather, report: (breach: string) => void) {
    this.#clock = clock;
    this.#random = random;
    this.weather = weather;
    this.#report = report;
  }

  async start(): Promise<void> {}

  submit(request: AttemptRequest): void {
    this.submissions += 1;
    if (this.#seen.has(request.attemptId)) this.#report(`attempt ${request.attemptId} was handed out twice`);
    this.#seen.add(request.attemptId);
    for (const other of this.alive.values()) {
      if (request.taskInstanceId > 0 && other.taskInstanceId === request.taskInstanceId) {
        this.#report(`two attempts of ${nameOf(request)} live at the same time`);
      }
    }
    this.alive.set(request.attemptId, request);
    this.#after(this.#random.int(0, 2_000), () => this.#begin(request));
  }

  cancel(attemptId: string): void {
    this.#after(this.#random.int(0, 5_000), () => this.#end(attemptId, lost(attemptId, this.#clock.now(), false)));
  }

  async stop(): Promise<void> {
    for (const attemptId of [...this.alive.keys()]) this.#end(attemptId, lost(attemptId, this.#clock.now(), true));
  }

  /** The server dies, and all that it has started with it. Returns what some of that would still have reported. */
  die(): AttemptEvent[] {
    const at = this.#clock.now();
    const ghosts = [...this.alive.values()]
      .filter((request) => request.taskInstanceId > 0)
      .map(
        (request): AttemptEvent => ({ kind: 'finished', attemptId: request.attemptId, at, ...this.#perform(request) }),
      );
    this.#isDead = true;
    this.alive.clear();
    return ghosts;
  }

  #begin(request: AttemptRequest): void {
    const { attemptId } = request;
    if (!this.alive.has(attemptId)) return;
    // Some end so fast that their end arrives first, or alone.
    if (!this.#random.chance(0.05))
      this.#tell({ kind: 'started', attemptId, at: this.#clock.now(), pid: 1, hostname: 'sim' });
    this.#after(this.#random.int(0, 8 * 60_000), () => {
      const at = this.#clock.now();
      const isLost = this.#random.chance(this.weather.lose);
      const event: AttemptEvent = isLost
        ? lost(attemptId, at, this.#random.chance(0.5))
        : { kind: 'finished', attemptId, at, ...this.#perform(request) };
      if (event.kind === 'finished' && event.outcome.state === 'success') this.deeds.push(deedOf(request));
      this.#end(attemptId, event);
      if (this.#random.chance(this.weather.repeat)) this.#after(this.#random.int(0, 600_000), () => this.#tell(event));
    });
  }

  #perform(request: AttemptRequest): { outcome: AttemptOutcome; effects: AttemptEffects } {
    const random = this.#random;
    const returning = (value: Json, more: Partial<AttemptEffects> = {}) => ({
      outcome: { state: 'success' as const },
      effects: { ...noEffects, ...more, xcoms: [{ key: 'return_value', value }] },
    });
    if (random.chance(this.weather.fail)) {
      const error = { type: 'Error', message: 'boom', stack: null };
      return { outcome: { state: 'failed', error, final: random.chance(0.1) }, effects: noEffects };
    }
    if (random.chance(this.weather.skip))
      return { outcome: { state: 'skipped', reason: 'so it is' }, effects: noEffects };
    const isResumed = request.context.event !== undefined;
    const timeoutAt = random.chance(0.5) ? this.#clock.now() + random.int(1, 20) * 60_000 : null;
    switch (request.task.operator) {
      case 'list':
        return returning(Array.from({ length: random.int(0, 4) }, (_, x) => ({ x })));
      case 'branch':
        return returning(null, { skip: { followed: random.chance(0.5) ? ['t3', 't5'] : [] } });
      case 'gate':
        return returning(
          false,
          random.chance(0.3) ? { skip: { skipped: [], ignoreTriggerRules: random.chance(0.5) } } : {},
        );
      case 'sensor': {
        if (random.chance(0.5)) return returning(true);
        const at = this.#clock.now() + random.int(0, 10) * 60_000;
        return { outcome: { state: 'up_for_reschedule', at }, effects: noEffects };
      }
      case 'defer':
        if (isResumed) return returning(request.context.event ?? null);
        return { outcome: { state: 'deferred', trigger: { kind: 'sim' }, timeoutAt }, effects: noEffects };
      case 'ask':
        if (isResumed) return returning(request.context.event ?? null);
        return { outcome: { state: 'awaiting_input', request: question, timeoutAt }, effects: noEffects };
      case 'mail':
        return returning(null, { emails: [{ ...draft, subject: request.attemptId }] });
      case 'trigger':
        return returning(null, { triggers: [this.#trigger(request)] });
      default: {
        const assetEvents = random.chance(0.05) ? [{ asset: otherAsset, extra: {} }] : [];
        return returning(request.mapIndex, { assetEvents });
      }
    }
  }

  /** A run of the next DAG, which there may not be; sometimes one that exists already. */
  #trigger(request: AttemptRequest): AttemptEffects['triggers'][number] {
    const random = this.#random;
    return {
      dagId: `dag${Number(request.dagId.slice(3)) + 1}`,
      conf: {},
      runId: random.chance(0.3) ? `named_${random.int(1, 3)}` : null,
      logicalDate: null,
      resetDagRun: random.chance(0.5),
      skipWhenAlreadyExists: random.chance(0.5),
      failWhenDagIsPaused: random.chance(0.2),
      note: null,
    };
  }

  #end(attemptId: string, event: AttemptEvent): void {
    if (this.alive.delete(attemptId)) this.#tell(event);
  }

  #tell(event: AttemptEvent): void {
    if (!this.#isDead) this.listener?.onEvent(event);
  }

  #after(delayMs: number, callback: () => void): void {
    this.#clock.after(delayMs, () => {
      if (!this.#isDead) callback();
    });
  }
}

function deedOf({ attemptId, dagId, runId, taskId, mapIndex, task }: AttemptRequest): Deed {
  const place: Deed['place'] = [dagId, runId, taskId, mapIndex];
  return { attemptId, place, mails: task.operator === 'mail', writes: task.outlets.length > 0 };
}

const question = { subject: 'May it go on?', options: ['yes', 'no'], defaults: ['yes'] };
const draft = { to: ['ops@example.org'], text: 'done', html: null, attachments: [] };

function lost(attemptId: string, at: number, uncharged: boolean): AttemptEvent {
  return { kind: 'lost', attemptId, at, uncharged, error: { type: 'killed', message: 'it was killed', stack: null } };
}

function nameOf(request: AttemptRequest): string {
  return `${request.dagId} ${request.runId} ${request.taskId}[${request.mapIndex}]`;
}
