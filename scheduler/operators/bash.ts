import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Readable } from 'node:stream';
import { MillraceError } from '../../kernel/errors.js';
import { sleep, systemClock } from '../../kernel/time.js';
import type { AttemptScope } from '../dag/runtime.js';
import { SkipTask } from '../dag/signals.js';
import type { Operator } from './operator.js';

/** Characters of a last line that are returned; a longer one is cut. */
const lastLineCharsMax = 64 * 1024;
/** Exit codes that skip, as in Airflow. */
const skipOnExitCode = [99];

/** Runs a command by `bash -c`. Its output goes to the log; the last line of stdout is the return value. */
export const bashOperator: Operator = {
  templateFields: ['command', 'env', 'cwd'],
  async perform({ scope, options }) {
    const command = String(options['command']);
    scope.log('INFO', `$ ${command}`);
    const { code, signal, lastLine } = await runCommand(scope, command, {
      cwd: options['cwd'] === undefined ? undefined : String(options['cwd']),
      env: { ...taskVariables(scope), ...(options['env'] as Record<string, string> | undefined) },
    });
    scope.effects.details['exitCode'] = code;
    const skips = (options['skipOnExitCode'] as number[] | undefined) ?? skipOnExitCode;
    if (code !== null && skips.includes(code)) throw new SkipTask(`the command ended with exit code ${code}`);
    if (code === 0) return lastLine;
    throw new MillraceError('TASK_FAILED', `the command ended with ${signal ?? `exit code ${code}`}`, {
      hint: 'Its output is in the log above.',
    });
  },
};

/** Milliseconds that output is waited for after the command ended: a process that it left behind may hold the pipe. */
const outputGraceMs = 1_000;

async function runCommand(
  scope: AttemptScope,
  command: string,
  { cwd, env }: { cwd: string | undefined; env: Record<string, string> },
): Promise<{ code: number | null; signal: NodeJS.Signals | null; lastLine: string }> {
  const child = spawn('bash', ['-c', command], { cwd, env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 2] });
  const stdout = child.stdout as Readable;
  const lines = new LastLine();
  stdout.setEncoding('utf8').on('data', (piece: string) => {
    process.stdout.write(piece);
    lines.take(piece);
  });
  const ended = once(stdout, 'end');
  const onAbort = () => child.kill('SIGTERM');
  scope.signal.addEventListener('abort', onAbort, { once: true });
  try {
    const [code, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
    await Promise.race([ended, sleep(systemClock, outputGraceMs)]);
    return { code, signal, lastLine: lines.value };
  } finally {
    scope.signal.removeEventListener('abort', onAbort);
    stdout.destroy();
  }
}

/** What Airflow tells a command of its task. */
function taskVariables({ attempt }: AttemptScope): Record<string, string> {
  const { dagId, taskId, runId, tryNumber, context } = attempt;
  return {
    AIRFLOW_CTX_DAG_ID: dagId,
    AIRFLOW_CTX_TASK_ID: taskId,
    AIRFLOW_CTX_DAG_RUN_ID: runId,
    AIRFLOW_CTX_TRY_NUMBER: String(tryNumber),
    AIRFLOW_CTX_LOGICAL_DATE: context.logicalDate === null ? '' : new Date(context.logicalDate).toISOString(),
  };
}

/** Keeps the last line that is not empty of a text that comes in pieces. */
class LastLine {
  #whole = '';
  #open = '';

  take(piece: string): void {
    const lines = (this.#open + piece).split('\n');
    this.#open = (lines.pop() ?? '').slice(-lastLineCharsMax);
    this.#whole = lines.findLast((line) => line !== '') ?? this.#whole;
  }

  get value(): string {
    return (this.#open || this.#whole).replace(/\r$/, '').slice(0, lastLineCharsMax);
  }
}
