import type { CompiledQuery } from 'kysely';
import type { Script, ScriptOutcome, StoreDriver } from '../../scheduler/store/driver.js';
import type { SqliteStore } from '../../scheduler/store/sqlite-driver.js';
import type { Mortal } from '../support/mortal.js';
import type { Random } from '../support/random.js';

/** How ill the disk is: probabilities per commit. */
export interface DiskWeather {
  /** The process dies and nothing of the commit is on disk. */
  diesBefore: number;
  /** The process dies with the commit on disk and nobody told of it. */
  diesAfter: number;
  /** The disk is full: nothing is written, and the server lives. */
  refuses: number;
}

/** The real store, in a process that may die around a commit and on a disk that may be full. */
export class SimStore implements StoreDriver {
  readonly dialect = 'sqlite';
  readonly inner: SqliteStore;
  weather: DiskWeather = { diesBefore: 0, diesAfter: 0, refuses: 0 };
  /** The last commit was refused, so that the server waits before it tries again. */
  isRefusing = false;
  readonly #random: Random;
  readonly #life: Mortal;

  constructor(inner: SqliteStore, random: Random, life: Mortal) {
    this.inner = inner;
    this.#random = random;
    this.#life = life;
  }

  read<Row>(query: CompiledQuery<Row>): Promise<Row[]> {
    return this.#life.isDead ? never() : this.inner.read(query);
  }

  async transact<Result>(scripts: Script<Result>[]): Promise<ScriptOutcome<Result>[]> {
    const { diesBefore, diesAfter, refuses } = this.weather;
    this.isRefusing = this.#random.chance(refuses);
    if (this.isRefusing) throw Object.assign(new Error('database or disk is full'), { code: 'SQLITE_FULL' });
    if (this.#random.chance(diesBefore)) this.#life.kill();
    if (this.#life.isDead) return never();
    const outcomes = await this.inner.transact(scripts);
    if (this.#random.chance(diesAfter)) this.#life.kill();
    return this.#life.isDead ? never() : outcomes;
  }

  close(): Promise<void> {
    return this.inner.close();
  }
}

/** What a process that is dead waits for. */
function never<Result>(): Promise<Result> {
  return new Promise(() => {});
}
