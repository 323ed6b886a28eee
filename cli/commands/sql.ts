import { type Command, Option } from 'commander';
import type { SqlOptions } from '../sql/options.js';

/** Adds `millrace sql …`: dbt's commands, with dbt's flags, on any dbt project. The code of each is imported when it is called. */
export function registerSqlCommands(program: Command): void {
  const sql = program.command('sql').description('run dbt projects: parse, build, test, list, docs …');
  // What a command leaves behind when it throws.
  sql.hook('preAction', () => exit(2));
  const runs: [string, string][] = [
    ['build', 'build and test: seeds, models, snapshots and tests in the order of the graph'],
    ['run', 'build the models'],
    ['test', 'run the tests'],
    ['seed', 'load the CSV files'],
    ['snapshot', 'bring the snapshots up to date'],
    ['compile', 'render the SQL of nodes into the target folder, or print it'],
  ];
  for (const [name, description] of runs)
    running(selecting(common(sql.command(name).description(description)))).action(async (options: SqlOptions) =>
      exit(await (await import('../sql/run.js')).runCommand(name as 'build', options)),
    );
  common(sql.command('parse').description('read the project and write manifest.json')).action(
    async (options: SqlOptions) => exit(await (await import('../sql/parse.js')).parseCommand(options)),
  );
  selecting(common(sql.command('list').alias('ls').description('list nodes')))
    .addOption(
      new Option('--output <form>', 'what to print of each')
        .choices(['selector', 'name', 'path', 'json'])
        .default('selector'),
    )
    .option('--output-keys <keys...>', 'keys of the JSON output')
    .action(async (options: SqlOptions) => exit(await (await import('../sql/list.js')).listCommand(options)));
  selecting(common(sql.command('show').description('print the first rows of a model, or of SQL given with --inline')))
    .option('--inline <sql>', 'SQL with templates instead of a node')
    .option('--lineage', 'where the columns of the model come from, instead of rows')
    .option('--limit <rows>', 'rows to print; -1 for all', Number, 5)
    .addOption(new Option('--output <form>').choices(['text', 'json']).default('text'))
    .action(async (options: SqlOptions) => exit(await (await import('../sql/show.js')).showCommand(options)));
  common(sql.command('debug').description('check the project, the profile and the connection')).action(
    async (options: SqlOptions) => exit(await (await import('../sql/debug.js')).debugCommand(options)),
  );
  common(
    sql
      .command('deps')
      .description('install the packages of packages.yml: folders, git repositories, hub packages, archives'),
  ).action(async (options: SqlOptions) => exit(await (await import('../sql/deps.js')).depsCommand(options)));
  common(sql.command('clean').description('remove the folders of clean-targets')).action(async (options: SqlOptions) =>
    exit(await (await import('../sql/clean.js')).cleanCommand(options)),
  );
  const docs = sql.command('docs').description("dbt's documentation");
  common(docs.command('generate').description('write manifest.json, catalog.json and column_lineage.json'))
    .option('--no-compile', 'write only what is known without compiling')
    .action(async (options: SqlOptions) => exit(await (await import('../sql/docs.js')).docsCommand(options)));
  const source = sql.command('source').description('sources');
  selecting(common(source.command('freshness').description('how old the newest rows of sources are')))
    .option('-o, --output <path>', 'where to write sources.json')
    .action(async (options: SqlOptions) => exit(await (await import('../sql/freshness.js')).freshnessCommand(options)));
  running(common(sql.command('retry').description('run again what failed or was skipped the last time'))).action(
    async (options: SqlOptions) => exit(await (await import('../sql/retry.js')).retryCommand(options)),
  );
  common(sql.command('run-operation').argument('<macro>').description('call a macro'))
    .option('--args <yaml>', 'its arguments, as YAML', '{}')
    .action(async (macro: string, options: SqlOptions) =>
      exit(await (await import('../sql/run-operation.js')).runOperationCommand(macro, options)),
    );
}

/** dbt's exit codes: 0 well, 1 a node failed; 2 (something else is wrong) is what a thrown error gives. */
function exit(code: number): void {
  process.exitCode = code;
}

function common(command: Command): Command {
  return command
    .option('--project-dir <dir>', 'folder of dbt_project.yml', process.env['DBT_PROJECT_DIR'] ?? '.')
    .option('--profiles-dir <dir>', 'folder of profiles.yml')
    .option('--profile <name>')
    .option('-t, --target <name>')
    .option('--target-path <dir>', 'where artifacts are written')
    .option('--vars <yaml>', 'variables, as YAML', '{}')
    .option('--threads <n>', 'nodes at the same time', Number)
    .option('--connection-url <url>', "instead of the profile's connection")
    .option('-q, --quiet', 'errors only')
    .option('--debug', 'every statement')
    .addOption(new Option('--log-format <form>').choices(['text', 'json']).default('text'))
    .option('--no-use-colors')
    .option('--no-partial-parse', 'forget what was learned of files before')
    .option('--warn-error', 'warnings are errors')
    .option('--no-write-json', 'write no artifacts');
}

function selecting(command: Command): Command {
  return command
    .option('-s, --select <spec...>', 'nodes to take')
    .option('-m, --models <spec...>', 'models to take')
    .option('--exclude <spec...>', 'nodes to leave out')
    .option('--selector <name>', 'an entry of selectors.yml')
    .option('--resource-type <types...>', 'only these types')
    .option('--exclude-resource-type <types...>', 'not these types')
    .addOption(
      new Option('--indirect-selection <mode>', 'which tests join')
        .choices(['eager', 'cautious', 'buildable', 'empty'])
        .default('eager'),
    )
    .option('--state <dir>', 'folder of earlier artifacts');
}

function running(command: Command): Command {
  return command
    .option('-f, --full-refresh', 'rebuild incremental models and seeds')
    .option('-x, --fail-fast', 'stop at the first failure')
    .option('--store-failures', 'keep the failing rows of tests')
    .option('--defer', 'read what is not selected from the state')
    .option('--defer-state <dir>', 'folder of the manifest to defer to')
    .option('--favor-state', 'defer also where the relation exists here')
    .option('--empty', 'read no rows of refs and sources')
    .option('--batch-tests', 'test each model in one scan where the results are the same')
    .option('--event-time-start <time>', 'for microbatch models')
    .option('--event-time-end <time>')
    .option('--inline <sql>', 'for compile: SQL instead of a node');
}
