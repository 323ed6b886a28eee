import { MillraceError } from '../../kernel/errors.js';
import type { Json, JsonObject } from '../../kernel/json.js';
import { type Callable, fromHost, hostFunction, readArguments } from '../jinja/index.js';
import { didYouMean } from './nearest.js';
import { isObject } from './yaml.js';

/**
 * The variables that a package's templates see. Low to high: the package's own, those of the root project, those that the root
 * project gives to this package alone, the command line's.
 */
export function varsOf(packageName: string, own: JsonObject, root: JsonObject, cli: JsonObject): JsonObject {
  const scoped = (vars: JsonObject): JsonObject => ({
    ...vars,
    ...(isObject(vars[packageName]) ? vars[packageName] : {}),
  });
  return { ...scoped(own), ...scoped(root), ...cli };
}

/** `var('name', default)` and `var.has_var('name')`. */
export function varFunction(vars: JsonObject, where: string): Callable {
  const has = hostFunction((args) => Object.hasOwn(vars, String(args[0])));
  return hostFunction(
    function var_(args, kwargs) {
      const [name, preset] = readArguments('var', ['name', 'default?'], args, kwargs);
      if (Object.hasOwn(vars, String(name))) return fromHost(vars[String(name)] as Json);
      if (preset !== undefined) return preset;
      throw new MillraceError('SQL_REFERENCE_UNKNOWN', `Required var '${String(name)}' not found in ${where}`, {
        hint:
          didYouMean(String(name), Object.keys(vars)) ||
          'Give it under "vars" in dbt_project.yml, with --vars, or as a default.',
      });
    },
    { has_var: has },
  );
}

/** Variables with this prefix are secrets: only profiles and packages may read them. */
const secretPrefix = 'DBT_ENV_SECRET';

/** `env_var('NAME', default)`. */
export function envVarFunction(
  env: Record<string, string | undefined>,
  options: { secrets: boolean; onRead?: (name: string) => void },
): Callable {
  return hostFunction(function env_var(args, kwargs) {
    const [name, preset] = readArguments('env_var', ['var', 'default?'], args, kwargs);
    if (String(name).startsWith(secretPrefix) && !options.secrets)
      throw new MillraceError(
        'SQL_COMPILATION_FAILED',
        `${String(name)} is a secret: it can be used in profiles.yml and packages.yml only`,
      );
    options.onRead?.(String(name));
    const value = env[String(name)] ?? preset;
    if (value === undefined)
      throw new MillraceError('SQL_REFERENCE_UNKNOWN', `Env var required but not provided: '${String(name)}'`);
    return value;
  });
}
