import { startLifeline } from '../../kernel/lifeline.js';
import { ChildSession } from './child-session.js';
import type { ToChild } from './messages.js';

/** Entry of a warm child process: takes one attempt at a time from the pool that started it. */
const session = new ChildSession((message) => process.send?.(message));
process.on('message', (message: ToChild) => session.receive(message));
process.on('disconnect', () => process.kill(-process.pid, 'SIGKILL'));
process.on('uncaughtException', (error) => session.crash(error));
process.on('unhandledRejection', (error) => session.crash(error));
process.setSourceMapsEnabled(true);
await startLifeline();
session.ready();
