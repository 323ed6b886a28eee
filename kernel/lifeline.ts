import { once } from 'node:events';
import { Worker } from 'node:worker_threads';

/** The fd on which a child feels that its parent lives: the read end of a pipe that nobody writes to. */
export const lifelineFd = 4;

/**
 * Watches the lifeline in a thread of its own, so that a child in a busy loop feels it too: when the parent is gone,
 * for whatever reason, the thread kills the child's process group. Resolves when it watches.
 */
export async function startLifeline(): Promise<void> {
  const source = `
    const { Socket } = require('node:net');
    const { parentPort } = require('node:worker_threads');
    const end = () => process.kill(-process.pid, 'SIGKILL');
    new Socket({ fd: ${lifelineFd}, readable: true, writable: false }).on('error', end).on('close', end).resume();
    parentPort.postMessage('watching');
  `;
  const thread = new Worker(source, { eval: true, resourceLimits: { maxOldGenerationSizeMb: 16, stackSizeMb: 1 } });
  await once(thread, 'message');
  thread.unref();
}
