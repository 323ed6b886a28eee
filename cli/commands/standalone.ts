import type { Log } from '../../kernel/log.js';
import { systemClock } from '../../kernel/time.js';
import { announce } from '../announce.js';
import { lockHome, makeHome } from '../home.js';
import { openServerLog } from '../open-log.js';
import { readEnvironment } from '../read-environment.js';
import { type RunningServer, startServer } from '../server.js';

/** `millrace standalone`: runs until it is told to stop. */
export async function standalone(options: { examples: boolean }): Promise<void> {
  const settings = readEnvironment();
  const home = makeHome(settings.MILLRACE_HOME);
  const lock = lockHome(home);
  const { log, close } = openServerLog(home, settings.MILLRACE_LOG_LEVEL, systemClock);
  const ending = listenForTheEnd(settings.MILLRACE_DRAIN_SECONDS * 1_000, log);
  try {
    const server = await startServer({ settings, home, examples: options.examples, clock: systemClock, log });
    process.stdout.write(announce(server.facts));
    process.exitCode = await ending.of(server);
  } finally {
    close();
    lock.release();
  }
}

/** Signals closer together than this are one: under npm, Ctrl-C comes from the terminal and again from npm. */
const echoMsMax = 300;
/** How long an orderly end may take after an error that nobody expected. */
const crashStopMsMax = 5_000;

/**
 * Listens for what ends a server, from now on: the first signal stops it in order (as soon as it has started), the
 * second without waiting for what runs, the third at once. After an error that nobody expected it stops as well.
 */
function listenForTheEnd(drainMs: number, log: Log) {
  let server: RunningServer | undefined;
  let signals = 0;
  let lastSignalAt = Number.NEGATIVE_INFINITY;
  let finish: (exitCode: number) => void = () => {};
  let giveUp: (thrown: unknown) => void = () => {};
  const finished = new Promise<number>((resolve, reject) => {
    finish = resolve;
    giveUp = reject;
  });

  const onSignal = (signal: NodeJS.Signals) => {
    const isEcho = performance.now() - lastSignalAt < echoMsMax;
    lastSignalAt = performance.now();
    if (isEcho) return;
    signals += 1;
    if (signals === 1) stop(signal);
    else if (signals === 2 && server) hurry(server);
    else process.exit(130);
  };
  const stop = (signal: NodeJS.Signals) => {
    if (!server) return log.info(`Stopping after ${signal}, as soon as everything has started (again: now)`);
    const running = server.scheduling.scheduler.runningAttempts().length;
    const waiting = running === 0 ? '' : `, waiting for ${running} running attempts (again: now)`;
    log.info(`Stopping after ${signal}${waiting}`);
    server.stop(drainMs).then(() => finish(0), giveUp);
  };
  const hurry = (running: RunningServer) => {
    log.info('Stopping now; what runs is queued again at the next start');
    running.hurry();
  };
  const onCrash = (thrown: unknown) => {
    log.error('The server ends because of an error that it did not expect', {
      error: thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown),
    });
    setTimeout(() => process.exit(1), crashStopMsMax).unref();
    if (!server) process.exit(1);
    server.hurry();
    server.stop(0).then(
      () => finish(1),
      () => process.exit(1),
    );
  };
  process.on('SIGTERM', onSignal).on('SIGINT', onSignal);
  if (process.env['npm_lifecycle_event'] !== undefined) whenParentIsGone(() => onSignal('SIGTERM'));
  process.once('uncaughtException', onCrash).once('unhandledRejection', onCrash);

  return {
    /** Resolves with the exit code when everything of the server has ended. */
    of(started: RunningServer): Promise<number> {
      server = started;
      if (signals > 0) server.stop(0).then(() => finish(0), giveUp);
      return finished;
    },
  };
}

const parentLookMs = 500;

/** A signal to npm ends npm and its shell; the shell passes it on to nobody. What we see of it is another parent. */
function whenParentIsGone(callback: () => void): void {
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    callback();
  }, parentLookMs);
  timer.unref();
}
