import { parentPort, workerData } from 'node:worker_threads';
import { describeError } from '../../kernel/errors.js';
import type { ReadAnswer, ReadRequest } from './reader-thread.js';
import { openReader } from './sqlite-connection.js';

/** Entry of the thread that reads the metadata for pages and the API. */
const connection = openReader(workerData as string);
parentPort?.on('message', (request: ReadRequest) => parentPort?.postMessage(answer(request)));

function answer({ id, sql, parameters }: ReadRequest): ReadAnswer {
  try {
    return { id, rows: connection.execute({ sql, parameters }).rows };
  } catch (error) {
    return { id, error: describeError(error) };
  }
}
