import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { fromIso } from '../kernel/time.js';
import { registerAdminCommands } from './commands/register-admin.js';
import { registerBackfillCommands } from './commands/register-backfill.js';
import { registerSqlCommands } from './commands/sql.js';
import { reportFailure } from './report-failure.js';
import { version } from './version.js';

/**
 * The `millrace` command. Each subcommand's code is imported when it is called, so that help and small commands are
 * quick. Exit codes: 0 done, 1 failed, 2 not understood (or, for `reconcile`, not reached in time).
 */
const program = new Command('millrace')
  .description('A self-hosted scheduler for data pipelines.')
  .version(version)
  .showHelpAfterError('(add --help to see what is possible)')
  .exitOverride();

program
  .command('standalone')
  .description('run everything on this machine: scheduler, web UI, databases, change data capture')
  .option('--no-examples', 'without the example bank: its database, its data and its DAGs')
  .action(async (options) => (await import('./commands/standalone.js')).standalone(options));

program
  .command('demo')
  .description('run the example bank once, from its database to the key figures, in a temporary folder')
  .option('--customers <n>', 'how many customers', count)
  .option('--transactions <n>', 'how many transactions', count)
  .option('--seed <n>', 'the same seed makes the same bank', whole)
  .option('--json', 'print one JSON object instead')
  .action(async (options) => (await import('./commands/demo.js')).demo(options));

program
  .command('init <dir>')
  .description('make a project of your own: one DAG, one SQL project, a README')
  .action(async (folder) => (await import('./commands/init.js')).init(folder));

const run = () => new Option('--run <id>', 'which run; the latest when not given');
const mapIndex = () => new Option('--map-index <n>', 'which of a mapped task').argParser(whole);
const json = () => new Option('--json', 'print JSON');

program
  .command('status')
  .description('say which parts of the running server are at work, and how often they were started again')
  .addOption(json())
  .action(async (options) => (await import('./commands/status.js')).status(options));

const dags = program.command('dags').description('list, trigger, pause and test DAGs');
dags
  .command('list')
  .description('list the DAGs with their next and last run')
  .addOption(json())
  .action(async (options) => (await import('./commands/dags.js')).listDags(options));
dags
  .command('runs <dag>')
  .description('list the latest runs of a DAG')
  .addOption(json())
  .action(async (dag, options) => (await import('./commands/dags.js')).listRuns(dag, options));
dags
  .command('trigger <dag>')
  .description('ask for a run')
  .option('--conf <json>', 'its params, a JSON object')
  .option('--run-id <id>', 'its id')
  .option('--logical-date <time>', 'its logical date, such as 2026-01-01T00:00:00Z')
  .option('--note <text>', 'a note for people')
  .option('--wait', 'wait for its end; exit code 1 when it failed')
  .action(async (dag, options) => (await import('./commands/dags.js')).triggerDag(dag, options));
dags
  .command('test <dag>')
  .description('run a DAG once in this process, without a server; exit code 1 when it fails')
  .option('--conf <json>', 'its params, a JSON object')
  .option('--logical-date <time>', 'its logical date, such as 2026-01-01T00:00:00Z')
  .option('--only <tasks...>', 'run these tasks; the others succeed at once')
  .addOption(json())
  .action(async (dag, options) => (await import('./commands/dags-test.js')).testDagFile(dag, options));
dags
  .command('list-import-errors')
  .description('list the DAG files that cannot be imported, and where; exit code 1 when there is one')
  .addOption(json())
  .action(async (options) => (await import('./commands/dags.js')).listImportErrors(options));
dags
  .command('pause <dag>')
  .description('start no more scheduled runs')
  .action(async (dag) => (await import('./commands/dags.js')).setPaused(dag, true));
dags
  .command('unpause <dag>')
  .description('start scheduled runs again')
  .action(async (dag) => (await import('./commands/dags.js')).setPaused(dag, false));

const tasks = program.command('tasks').description('list, clear and mark the tasks of a run');
tasks
  .command('list <dag>')
  .description('list the task instances of a run, with why they do not run')
  .addOption(run())
  .addOption(json())
  .action(async (dag, options) => (await import('./commands/tasks.js')).listTasks(dag, options.run, options));
tasks
  .command('clear <dag> [tasks...]')
  .description('run tasks or groups of a run again (all when none is named)')
  .addOption(run())
  .addOption(mapIndex())
  .option('--only-failed', 'only those that failed')
  .option('--only-running', 'only those that run')
  .option('--downstream', 'and what follows them')
  .option('--upstream', 'and what they follow')
  .option('--past', 'and the same in earlier runs')
  .option('--future', 'and the same in later runs')
  .option('--latest-version', 'take the run over to the latest version of the DAG')
  .option('--dry-run', 'only say which')
  .action(async (dag, names, options) => (await import('./commands/tasks.js')).clearTasks(dag, names, options));
tasks
  .command('mark <dag> <task> <state>')
  .description('mark a task, or a group, success, failed or skipped')
  .addOption(run())
  .addOption(mapIndex())
  .option('--downstream', 'and what follows it')
  .option('--upstream', 'and what it follows')
  .option('--past', 'and the same in earlier runs')
  .option('--future', 'and the same in later runs')
  .option('--dry-run', 'only say which')
  .action(async (dag, task, state, options) =>
    (await import('./commands/tasks.js')).markTask(dag, task, state, options),
  );

program
  .command('logs <dag> <task>')
  .description('print the log of a try')
  .addOption(run())
  .addOption(mapIndex())
  .addOption(new Option('--try <n>', 'which try; the latest when not given').argParser(count))
  .option('-f, --follow', 'go on until the try has ended')
  .action(async (dag, task, options) => (await import('./commands/logs.js')).printLogs(dag, task, options));

program
  .command('explain <dag> <task>')
  .description('say why a task instance is in its state or does not run')
  .addOption(run())
  .addOption(mapIndex())
  .action(async (dag, task, options) => (await import('./commands/tasks.js')).explainTask(dag, task, options));

program
  .command('generate')
  .description('make example data')
  .command('bank')
  .description('rounds of bank data into the source database, until Ctrl-C')
  .option('--once', 'one round')
  .option('--interval <seconds>', 'from the start of one round to the next (default: 2)', seconds)
  .option('--customers <n>', 'new customers per round (default: 5)', whole)
  .option('--accounts-per-customer <n>', 'accounts per customer (default: 2)', count)
  .option('--transactions <n>', 'transactions per round (default: 25)', whole)
  .option('--amount-max <n>', 'upper bound of an amount (default: 1000)', count)
  .option('--seed <n>', 'the same seed on an empty database makes the same rows', whole)
  .option('--bulk', 'set-based, for load tests')
  .action(async (options) => (await import('./commands/generate.js')).generateBank(options));

const ledger = program.command('ledger').description('what was loaded from the object store, and what could not be');
ledger
  .command('list')
  .description('list the files that were loaded last')
  .option('--quarantine', 'those that could not be loaded, and why')
  .option('--limit <n>', 'how many', count, 50)
  .addOption(json())
  .action(async (options) => (await import('./commands/ledger.js')).listLedger(options));
ledger
  .command('retry <key>')
  .description('load a file in quarantine again, after it was mended')
  .action(async (key) => (await import('./commands/ledger.js')).retryFile(key));

program
  .command('reconcile')
  .description('compare a source with the warehouse')
  .command('bank')
  .description("row by row, at one point of the source's log, while both go on; exit code 1: they differ, 2: too late")
  .option('--timeout <seconds>', 'how long to wait for capture and load', seconds, 300)
  .option('--no-load', 'wait for scheduled loads instead of asking for them')
  .addOption(json())
  .action(async (options) => (await import('./commands/reconcile.js')).reconcile(options));

program
  .command('url [database]')
  .description('print the connection string of the warehouse (or of the source), with its password')
  .action(async (database = 'warehouse') => (await import('./commands/url.js')).url(database));

const db = program.command('db').description('the metadata database');
db.command('migrate')
  .description('bring it to the schema of this version; a start does the same')
  .action(async () => (await import('./commands/db.js')).migrateDatabase());
db.command('check')
  .description('say whether it is sound: the file, references, states, bundles, secrets')
  .action(async () => (await import('./commands/db.js')).checkDatabase());
db.command('clean')
  .description('delete what is older than a time and over')
  .requiredOption('--before <time>', 'such as 2026-01-01 or 2026-01-01T00:00:00Z', instant)
  .option('--tables <names>', 'some of them, separated by commas; all when not given', (text) => text.split(','))
  .option('--dry-run', 'only count')
  .option('-y, --yes', 'do not ask')
  .action(async (options) => (await import('./commands/db.js')).cleanDatabase(options));

program
  .command('backup [file]')
  .description('write all that the server keeps into one file, while it runs')
  .option('--verify', 'make none: read the file and say whether it is whole')
  .addOption(json())
  .action(async (file, options) => (await import('./commands/backup.js')).backup(file, options));
program
  .command('restore <file>')
  .description('put a backup into an empty MILLRACE_HOME')
  .action(async (file) => (await import('./commands/backup.js')).restoreBackup(file));

registerAdminCommands(program);
registerBackfillCommands(program);
registerSqlCommands(program);

try {
  await program.parseAsync();
} catch (thrown) {
  if (thrown instanceof CommanderError) process.exitCode = thrown.exitCode === 0 ? 0 : 2;
  else {
    const code = reportFailure(thrown);
    // `sql` says by itself what it means that a command could not run.
    process.exitCode ??= code;
  }
}

function count(text: string): number {
  return number(text, /^[1-9]\d*$/, 'a whole number from 1 up');
}

function instant(text: string): number {
  const time = fromIso(/^\d{4}-\d\d-\d\d$/.test(text) ? `${text}T00:00:00Z` : text);
  if (time !== undefined) return time;
  throw new InvalidArgumentError(`${text} is not a time such as 2026-01-01T00:00:00Z.`);
}

function whole(text: string): number {
  return number(text, /^\d+$/, 'a whole number');
}

function seconds(text: string): number {
  return number(text, /^\d+(\.\d+)?$/, 'a number of seconds');
}

function number(text: string, form: RegExp, what: string): number {
  if (!form.test(text)) throw new InvalidArgumentError(`It must be ${what}.`);
  return Number(text);
}
