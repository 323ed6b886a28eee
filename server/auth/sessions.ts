import { createHash, timingSafeEqual } from 'node:crypto';
import type { Clock, Instant } from '../../kernel/time.js';
import type { Script, StoreDriver } from '../../scheduler/store/driver.js';
import { sessionByHash } from '../../scheduler/store/queries/user-sessions.js';
import { createLoginLink, useLoginLink } from '../../scheduler/store/transitions/login-link.js';
import { closeUserSession, openUserSession, touchUserSession } from '../../scheduler/store/transitions/user-session.js';

const hourMs = 3_600_000;
const limits = {
  cookieIdleMs: 8 * hourMs,
  cookieMs: 7 * 24 * hourMs,
  tokenMs: 24 * hourMs,
  touchEveryMs: 60_000,
  linkMs: 24 * hourMs,
};

/** A cookie's secret and a bearer token's secret begin differently, so that neither can stand in for the other. */
const prefixes = { cookie: 'mrs_', bearer: 'mrt_' } as const;
export type SessionKind = keyof typeof prefixes;

export interface Session {
  user: string;
  kind: SessionKind;
  secret: string;
  expiresAt: Instant;
}

/** Signs people and programs in and out. Secrets are random; the store knows only their SHA-256. */
export class Sessions {
  readonly #store: StoreDriver;
  readonly #clock: Clock;
  readonly #newSecret: () => string;

  constructor(deps: { store: StoreDriver; clock: Clock; newSecret(): string }) {
    this.#store = deps.store;
    this.#clock = deps.clock;
    this.#newSecret = deps.newSecret;
  }

  async open(user: string, kind: SessionKind): Promise<Session> {
    const secret = prefixes[kind] + this.#newSecret();
    const at = this.#clock.now();
    const expiresAt = at + (kind === 'cookie' ? limits.cookieMs : limits.tokenMs);
    await transactOne(this.#store, openUserSession({ idHash: sha256(secret), user, at, expiresAt }));
    return { user, kind, secret, expiresAt };
  }

  /** undefined when the secret is unknown, of the other kind, or its time is over. */
  async find(secret: string, kind: SessionKind): Promise<Session | undefined> {
    if (!secret.startsWith(prefixes[kind])) return undefined;
    const idHash = sha256(secret);
    const [row] = await this.#store.read(sessionByHash(idHash));
    const now = this.#clock.now();
    if (!row || row.expires_at <= now) return undefined;
    if (kind === 'cookie' && now - row.last_seen_at > limits.cookieIdleMs) return undefined;
    if (now - row.last_seen_at > limits.touchEveryMs) await transactOne(this.#store, touchUserSession(idHash, now));
    return { user: row.user, kind, secret, expiresAt: row.expires_at };
  }

  async close(session: Session): Promise<void> {
    await transactOne(this.#store, closeUserSession(sha256(session.secret)));
  }

  /** True once for the token of the latest login link. */
  async useLoginLink(token: string): Promise<boolean> {
    return transactOne(this.#store, useLoginLink(sha256(token), this.#clock.now()));
  }
}

/** Makes the login link that is printed at the start. Returns the path with its token; it works once, for a day. */
export async function issueLoginLink(deps: { store: StoreDriver; clock: Clock; newSecret(): string }): Promise<string> {
  const token = deps.newSecret();
  const at = deps.clock.now();
  await transactOne(deps.store, createLoginLink({ tokenHash: sha256(token), at, expiresAt: at + limits.linkMs }));
  return `/login?token=${encodeURIComponent(token)}`;
}

/** A token for the forms of a session: made of its secret, so it needs no storage and dies with it. */
export function csrfTokenOf(session: Session): string {
  return sha256(`csrf ${session.secret}`).slice(0, 43);
}

/** Compares texts in a time that does not depend on where they differ. */
export function sameText(a: string, b: string): boolean {
  return timingSafeEqual(createHash('sha256').update(a).digest(), createHash('sha256').update(b).digest());
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

async function transactOne<Result>(store: StoreDriver, script: Script<Result>): Promise<Result> {
  const [outcome] = await store.transact([script]);
  if (!outcome) throw new Error('the store gave no outcome');
  if (!outcome.ok) throw outcome.error;
  return outcome.value;
}
