import { Command, CommanderError } from 'commander';
import { reportFailure } from './report-failure.js';
import { version } from './version.js';

/**
 * The `millrace` command. Each subcommand's code is imported when it is called, so that help and small commands are
 * quick. Exit codes: 0 done, 1 failed, 2 not understood (or, for `reconcile`, not reached in time).
 */
const program = new Command('millrace')
  .description('A self-hosted scheduler for data pipelines.')
  .version(version)
  .showHelpAfterError('(millrace --help lists the commands)')
  .configureHelp({ sortSubcommands: false })
  .exitOverride();

program
  .command('standalone')
  .description('run everything on this machine: scheduler, web UI, databases, change data capture')
  .option('--no-examples', 'without the example bank: its database, its data and its DAGs')
  .action(async (options) => (await import('./commands/standalone.js')).standalone(options));

program
  .command('init')
  .argument('<dir>', 'a new or empty folder')
  .description('make a project of your own: one DAG, one SQL project, a README')
  .action(async (folder) => (await import('./commands/init.js')).init(folder));

program
  .command('url')
  .argument('[database]', 'warehouse or source', 'warehouse')
  .description('print the connection string of a database of the running server, with its password')
  .action(async (database) => (await import('./commands/url.js')).url(database));

try {
  await program.parseAsync();
} catch (thrown) {
  if (thrown instanceof CommanderError) process.exitCode = thrown.exitCode === 0 ? 0 : 2;
  else process.exitCode = reportFailure(thrown);
}
