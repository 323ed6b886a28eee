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
  try {
    const server = await startServer({ settings, home, examples: options.examples, clock: systemClock, log });
    process.stdout.write(announce(server.facts));
    process.exitCode = await untilStopped(server, settings.MILLRACE_DRAIN_SECONDS * 1_000, log);
  } finally {
    close();
    lock.release();
  }
}

/** How long an orderly end may take after an error that nobody expected. */
const crashStopMsMax = 5_000;

const echoMsMax = 300;

/** Resolves with the exit code when everything has ended. */
function untilStopped(server: RunningServer, drainMs: number, log: Log): Promise<number> {
  return new Promise((resolve, reject) => {
    let signals = 0;
    let lastSignalAt = Number.NEGATIVE_INFINITY;
    const onSignal = (signal: NodeJS.Signals) => {
      // Under npm, Ctrl-C comes twice: from the terminal, and passed on by npm.
      const echoed = performance.now() - lastSignalAt < echoMsMax;
      lastSignalAt = performance.now();
      if (echoed) return;
      signals += 1;
      if (signals === 1) {
        const running = server.scheduling.scheduler.runningAttempts().length;
        const waiting = running === 0 ? '' : `, waiting for ${running} running attempts (again: now)`;
        log.info(`Stopping after ${signal}${waiting}`);
        server.stop(drainMs).then(() => resolve(0), reject);
      } else if (signals === 2) {
        log.info('Stopping now; what runs is queued again at the next start');
        server.hurry();
      } else {
        process.exit(130);
      }
    };
    process.on('SIGTERM', onSignal).on('SIGINT', onSignal);
    const onCrash = (thrown: unknown) => {
      log.error('The server ends because of an error that it did not expect', {
        error: thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown),
      });
      setTimeout(() => process.exit(1), crashStopMsMax).unref();
      server.hurry();
      server.stop(0).then(
        () => resolve(1),
        () => process.exit(1),
      );
    };
    process.once('uncaughtException', onCrash).once('unhandledRejection', onCrash);
  });
}
