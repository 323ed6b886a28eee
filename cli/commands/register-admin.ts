import { type Command, InvalidArgumentError, Option } from 'commander';

const json = () => new Option('--json', 'print JSON');
const format = () =>
  new Option('--format <format>', 'by default what the name ends with').choices(['json', 'yaml', 'env']);
const file = 'a file; - is the terminal';

/** `connections`, `variables` and `pools`, in the words of Airflow's command. */
export function registerAdminCommands(program: Command): void {
  registerConnections(program.command('connections').description('how outside systems are reached'));
  registerVariables(program.command('variables').description('values that tasks read by their key'));
  registerPools(program.command('pools').description('how many task instances of a kind run at a time'));
}

function registerConnections(connections: Command): void {
  const load = () => import('./connections.js');
  connections
    .command('list')
    .description('list the connections of the environment and of the metadata database, without secrets')
    .addOption(json())
    .action(async (options) => (await load()).listConnections(options));
  connections
    .command('get <id>')
    .description('print one')
    .option('--show-secrets', 'with its password and the secrets of its extra')
    .action(async (id, options) => (await load()).getConnection(id, options));
  connections
    .command('add <id>')
    .description('make one: by --conn-uri, by --conn-json, or by --conn-type and the other parts')
    .option('--conn-uri <uri>', 'type://login:password@host:port/schema?name=value')
    .option('--conn-json <json>', '{"conn_type": …, "host": …}')
    .option('--conn-type <type>', 'postgres, http, aws, file, duckdb …')
    .option('--conn-description <text>')
    .option('--conn-host <host>')
    .option('--conn-login <name>')
    .option('--conn-password <password>')
    .option('--conn-schema <schema>')
    .option('--conn-port <port>')
    .option('--conn-extra <json>', 'a JSON object')
    .option('--overwrite', 'replace the one that is there')
    .action(async (id, options) => (await load()).addConnection(id, options));
  connections
    .command('delete <id>')
    .description('delete one of the metadata database')
    .action(async (id) => (await load()).deleteConnection(id));
  connections
    .command('test <id>')
    .description('try to reach its system; exit code 1 when that fails')
    .action(async (id) => (await load()).testConnection(id));
  connections
    .command('import')
    .argument('<file>', file)
    .description('make those of a file: {"id": "uri" or {fields}}, or ID=uri lines')
    .addOption(format())
    .option('--overwrite', 'replace those that are there')
    .action(async (path, options) => (await load()).importConnections(path, options));
  connections
    .command('export')
    .argument('<file>', file)
    .description('write those of the metadata database, with their passwords')
    .addOption(format())
    .action(async (path, options) => (await load()).exportConnections(path, options));
}

function registerVariables(variables: Command): void {
  const load = () => import('./variables.js');
  variables
    .command('list')
    .description('list the variables; values of sensitive keys are masked')
    .addOption(json())
    .action(async (options) => (await load()).listVariables(options));
  variables
    .command('get <key>')
    .description('print the value of one')
    .option('-d, --default <value>', 'what to print when there is none')
    .action(async (key, options) => (await load()).getVariable(key, options));
  variables
    .command('set <key> <value>')
    .description('set one')
    .option('--description <text>')
    .option('-j, --json', 'the value must be JSON')
    .action(async (key, value, options) => (await load()).setVariable(key, value, options));
  variables
    .command('delete <key>')
    .description('delete one of the metadata database')
    .action(async (key) => (await load()).deleteVariable(key));
  variables
    .command('import')
    .argument('<file>', file)
    .description('set those of a file: {"key": value}')
    .addOption(format())
    .addOption(
      new Option('-a, --action-on-existing-key <action>', 'what to do with those that are there')
        .choices(['overwrite', 'skip', 'fail'])
        .default('overwrite'),
    )
    .action(async (path, options) => (await load()).importVariables(path, options));
  variables
    .command('export')
    .argument('<file>', file)
    .description('write those of the metadata database, with their values')
    .addOption(format())
    .action(async (path, options) => (await load()).exportVariables(path, options));
}

function registerPools(pools: Command): void {
  const load = () => import('./pools.js');
  pools
    .command('list')
    .description('list the pools')
    .addOption(json())
    .action(async (options) => (await load()).listPools(options));
  pools
    .command('get <name>')
    .description('print one')
    .action(async (name) => (await load()).getPool(name));
  pools
    .command('set')
    .argument('<name>')
    .argument('<slots>', '-1 = without limit', slotsOf)
    .argument('[description]')
    .description('make a pool or change it')
    .option('--include-deferred', 'deferred task instances take slots, too')
    .option('--no-include-deferred', 'they do not')
    .action(async (name, slots, description, options) => (await load()).setPool(name, slots, description, options));
  pools
    .command('delete <name>')
    .description('delete one; what is in it waits until there is one of its name again')
    .action(async (name) => (await load()).deletePool(name));
  pools
    .command('import')
    .argument('<file>', file)
    .description('set those of a file: {"name": {"slots": 3}}')
    .action(async (path) => (await load()).importPools(path));
  pools
    .command('export')
    .argument('<file>', file)
    .description('write all of them')
    .action(async (path) => (await load()).exportPools(path));
}

function slotsOf(text: string): number {
  const slots = Number(text);
  if (Number.isInteger(slots) && slots >= -1) return slots;
  throw new InvalidArgumentError(`${text} is not a whole number from -1 up.`);
}
