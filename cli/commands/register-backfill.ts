import { type Command, InvalidArgumentError, Option } from 'commander';

/** `backfill`, in the words of Airflow's command. */
export function registerBackfillCommands(program: Command): void {
  const backfill = program.command('backfill').description('run a DAG for dates of the past');
  const load = () => import('./backfill.js');
  backfill
    .command('create')
    .description('make the runs of a span of dates that are missing, or run them again')
    .requiredOption('--dag-id <dag>', 'the DAG')
    .requiredOption('--from-date <time>', 'the first logical date, such as 2026-01-01T00:00:00Z')
    .requiredOption('--to-date <time>', 'the last one')
    .option('--run-backwards', 'the latest date first')
    .option('--max-active-runs <n>', 'how many of its runs go on at a time (default: 10)', count)
    .addOption(
      new Option('--reprocess-behavior <which>', 'which runs that exist run again')
        .choices(['none', 'failed', 'completed'])
        .default('none'),
    )
    .option('--dag-run-conf <json>', 'the params of the runs, a JSON object')
    .option('--dry-run', 'only say which dates')
    .action(async (options) => (await load()).createBackfill(options));
  backfill
    .command('list [dag]')
    .description('list backfills, with how far they are')
    .addOption(new Option('--json', 'print JSON'))
    .action(async (dag, options) => (await load()).listBackfills(dag, options));
  backfill
    .command('pause <id>')
    .description('start no more of its runs')
    .action(async (id) => (await load()).pauseBackfill(count(id), true));
  backfill
    .command('unpause <id>')
    .description('go on with it')
    .action(async (id) => (await load()).pauseBackfill(count(id), false));
  backfill
    .command('cancel <id>')
    .description('fail its runs that wait; those that run go on')
    .action(async (id) => (await load()).cancelBackfill(count(id)));
}

function count(text: string): number {
  const number = Number(text);
  if (Number.isSafeInteger(number) && number > 0) return number;
  throw new InvalidArgumentError('It must be a whole number above 0.');
}
