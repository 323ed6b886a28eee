import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pause } from './system.js';
import { witnessNow } from './witness.js';

/** What a client was told, to be compared with what there is in the end. */
export interface Ledger {
  /** Runs that were asked for: true once the server has said that it has it. */
  runs: Map<string, { dagId: string; acknowledged: boolean }>;
  /** Notes that were written on runs. */
  notes: Map<string, { note: string; acknowledged: boolean }>;
  /** Runs that were to be cleared: the witness time of asking, and whether the server has said that they are. */
  clears: Map<string, { askedAt: number; acknowledged: boolean }>;
}

export interface Answer {
  status: number;
  body: unknown;
}

/** Why no answer came: the server was not there, or went away. The write may have been done. */
export class NoAnswer extends Error {}

const answerMsMax = 20_000;

/** A client of the REST API, as a team's scripts would be. Keeps what it asked for and what it was told. */
export class Client {
  readonly ledger: Ledger = { runs: new Map(), notes: new Map(), clears: new Map() };
  readonly #home: string;
  readonly #url: () => string;
  #token: string | undefined;

  constructor(home: string, url: () => string) {
    this.#home = home;
    this.#url = url;
  }

  /** Throws NoAnswer. The token is kept over restarts of the server, as the server must keep it. */
  async ask(method: string, path: string, body?: unknown, within?: AbortSignal): Promise<Answer> {
    this.#token ??= await this.#logIn();
    return this.#send(method, `/api/v2${path}`, body, this.#token, within);
  }

  /** Asks for a run until the server says that it has it; a second time it is told that it exists. */
  async trigger(dagId: string, runId: string, conf: object = {}, within?: AbortSignal): Promise<Answer> {
    const known = this.ledger.runs.get(runId) ?? { dagId, acknowledged: false };
    this.ledger.runs.set(runId, known);
    const body = { dag_run_id: runId, logical_date: null, conf };
    const answer = await this.ask('POST', `/dags/${dagId}/dagRuns`, body, within);
    if (answer.status === 200 || answer.status === 409) known.acknowledged = true;
    return answer;
  }

  /** Asks again for every run that has no answer yet. */
  async repeatUnanswered(): Promise<void> {
    for (const [runId, { dagId, acknowledged }] of this.ledger.runs) {
      if (!acknowledged) await this.trigger(dagId, runId);
    }
  }

  async note(dagId: string, runId: string, note: string): Promise<void> {
    const written = { note, acknowledged: false };
    this.ledger.notes.set(runId, written);
    const { status } = await this.ask('PATCH', `/dags/${dagId}/dagRuns/${runId}`, { note });
    written.acknowledged = status === 200;
  }

  async clear(dagId: string, runId: string): Promise<void> {
    const cleared = { askedAt: witnessNow(), acknowledged: false };
    this.ledger.clears.set(runId, cleared);
    const { status } = await this.ask('POST', `/dags/${dagId}/dagRuns/${runId}/clear`, { dry_run: false });
    cleared.acknowledged = status === 200;
  }

  /** How many runs are not over. Throws NoAnswer. */
  async unfinished(): Promise<number> {
    const { body } = await this.ask('GET', '/dags/~/dagRuns?state=queued&state=running&limit=1');
    return (body as { total_entries: number }).total_entries;
  }

  async run(dagId: string, runId: string): Promise<{ state: string }> {
    return (await this.ask('GET', `/dags/${dagId}/dagRuns/${runId}`)).body as { state: string };
  }

  async taskInstances(dagId: string, runId: string): Promise<{ task_id: string; state: string; try_number: number }[]> {
    const { body } = await this.ask('GET', `/dags/${dagId}/dagRuns/${runId}/taskInstances`);
    return (body as { task_instances: { task_id: string; state: string; try_number: number }[] }).task_instances;
  }

  async isScheduled(dagId: string): Promise<boolean> {
    const { body } = await this.ask('GET', `/dags/${dagId}`);
    return (body as { next_dagrun_run_after: string | null }).next_dagrun_run_after !== null;
  }

  /** Resolves with the run's last state. */
  async finishes(dagId: string, runId: string, msMax: number): Promise<string> {
    const startedAt = performance.now();
    for (;;) {
      const { state } = await this.run(dagId, runId);
      if (state === 'success' || state === 'failed') return state;
      if (performance.now() - startedAt > msMax)
        throw new Error(`${dagId} ${runId} is still ${state} after ${msMax} ms`);
      await pause(20);
    }
  }

  /** Whether the server answers, and says that it is well. */
  async health(): Promise<number> {
    return (await this.#send('GET', '/health', undefined, undefined)).status;
  }

  async #logIn(): Promise<string> {
    const password = readFileSync(join(this.#home, 'admin.password'), 'utf8').trim();
    const { body } = await this.#send('POST', '/auth/token', { username: 'admin', password }, undefined);
    return (body as { access_token: string }).access_token;
  }

  async #send(
    method: string,
    path: string,
    body: unknown,
    token: string | undefined,
    within: AbortSignal = AbortSignal.timeout(answerMsMax),
  ): Promise<Answer> {
    try {
      const response = await fetch(this.#url() + path, {
        method,
        headers: {
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        signal: within,
      });
      const text = await response.text();
      return { status: response.status, body: text === '' ? null : JSON.parse(text) };
    } catch (thrown) {
      throw new NoAnswer(`${method} ${path}: ${String(thrown)}`);
    }
  }
}
