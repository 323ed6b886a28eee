import { Worker } from 'node:worker_threads';
import type { CompiledQuery } from 'kysely';
import { MillraceError } from '../../kernel/errors.js';
import { entryPath } from '../../kernel/paths.js';
import type { StoreDriver } from './driver.js';

/** What the thread is asked, and what it answers. */
export interface ReadRequest {
  id: number;
  sql: string;
  parameters: readonly unknown[];
}
export type ReadAnswer = { id: number; rows: unknown[] } | { id: number; error: string };

interface Waiting {
  resolve(rows: unknown[]): void;
  reject(error: Error): void;
}

/**
 * The same store, whose reads are done by a thread of their own on a connection of their own: a page that sorts a
 * million rows then holds up no turn of the scheduler. `path` is the file of the store. A read sees what was committed
 * before it was asked. Closing it ends the thread, and leaves the store open.
 */
export function readInThread(store: StoreDriver, path: string): StoreDriver {
  const reader = new ReaderThread(path);
  return {
    dialect: store.dialect,
    read: (query) => reader.read(query),
    transact: (scripts) => store.transact(scripts),
    close: () => reader.close(),
  };
}

class ReaderThread {
  readonly #path: string;
  readonly #waiting = new Map<number, Waiting>();
  /** Started when it is first asked, and again when it was lost. */
  #worker: Worker | undefined;
  #lastId = 0;
  #isClosed = false;

  constructor(path: string) {
    this.#path = path;
  }

  read<Row>({ sql, parameters }: CompiledQuery<Row>): Promise<Row[]> {
    if (this.#isClosed) return Promise.reject(new MillraceError('INTERNAL', 'the store is closed'));
    const request: ReadRequest = { id: ++this.#lastId, sql, parameters };
    return new Promise((resolve, reject) => {
      this.#waiting.set(request.id, { resolve: resolve as Waiting['resolve'], reject });
      this.#worker ??= this.#start();
      this.#worker.postMessage(request);
    });
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#worker?.terminate();
    this.#rejectAll('the store is closed');
  }

  #start(): Worker {
    const worker = new Worker(entryPath('store-reader'), { workerData: this.#path });
    worker.unref();
    worker.on('message', (answer: ReadAnswer) => this.#receive(answer));
    worker.on('error', (error) => this.#lose(worker, error.message));
    worker.on('exit', (code) => this.#lose(worker, `exit code ${code}`));
    return worker;
  }

  #receive(answer: ReadAnswer): void {
    const waiting = this.#waiting.get(answer.id);
    this.#waiting.delete(answer.id);
    if ('rows' in answer) waiting?.resolve(answer.rows);
    else waiting?.reject(new MillraceError('INTERNAL', answer.error));
  }

  #lose(worker: Worker, why: string): void {
    if (worker !== this.#worker) return;
    this.#worker = undefined;
    this.#rejectAll(`the thread that reads the store ended: ${why}`);
  }

  #rejectAll(why: string): void {
    const error = new MillraceError('INTERNAL', why);
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }
}
