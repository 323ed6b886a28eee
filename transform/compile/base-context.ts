import type { JsonObject } from '../../kernel/json.js';
import { HostObject, hostFunction } from '../jinja/index.js';
import { type LibraryHooks, library } from '../jinja/library.js';
import { envVarFunction, varFunction } from '../project/vars.js';
import { Column, Relation, type RelationType } from './relation.js';

/** The version of dbt whose behaviour the engine follows: `dbt_version` in templates and artifacts. */
export const dbtVersion = '1.12.0';

export interface Invocation {
  id: string;
  startedAt: number;
  /** What was asked for on the command line: `flags`, `invocation_args_dict`. */
  flags: RunFlags;
  env: Record<string, string | undefined>;
  hooks: LibraryHooks;
  /** Told of every environment variable that a template reads. */
  onEnvRead?: (name: string) => void;
}

export interface RunFlags {
  fullRefresh: boolean;
  storeFailures: boolean;
  failFast: boolean;
  warnError: boolean;
  empty: boolean;
  /** `run`, `build`, `test` … */
  which: string;
  /** Behaviour flags of dbt_project.yml. */
  project: JsonObject;
}

/** What every template of a package sees, whatever it belongs to. */
export function baseContext(options: {
  invocation: Invocation;
  packageName: string;
  rootName: string;
  vars: JsonObject;
  target: JsonObject;
}): Record<string, unknown> {
  const { invocation, target } = options;
  return {
    ...library(invocation.hooks),
    var: varFunction(options.vars, `the vars of the package ${options.packageName}`),
    env_var: envVarFunction(invocation.env, { secrets: false, onRead: (name) => invocation.onEnvRead?.(name) }),
    target,
    flags: new Flags(invocation.flags),
    dbt_version: dbtVersion,
    project_name: options.rootName,
    invocation_id: invocation.id,
    run_started_at: new Date(invocation.startedAt).toISOString(),
    thread_id: 'Thread-1',
    invocation_args_dict: { which: invocation.flags.which, full_refresh: invocation.flags.fullRefresh },
    dbt_metadata_envs: metadataEnvs(invocation.env),
    api: apiObject(String(target['type'])),
    metric: hostFunction(function metric(args) {
      return String(args.at(-1));
    }),
    validation: { any: [] },
    defer_relation: null,
  };
}

/** `flags` in templates. */
export class Flags extends HostObject {
  readonly #flags: RunFlags;

  constructor(flags: RunFlags) {
    super();
    this.#flags = flags;
  }

  getAttribute(name: string): unknown {
    const upper = name.toUpperCase();
    const known: Record<string, unknown> = {
      FULL_REFRESH: this.#flags.fullRefresh,
      STORE_FAILURES: this.#flags.storeFailures,
      FAIL_FAST: this.#flags.failFast,
      WARN_ERROR: this.#flags.warnError,
      EMPTY: this.#flags.empty,
      WHICH: this.#flags.which,
    };
    if (Object.hasOwn(known, upper)) return known[upper];
    if (name === 'get') return hostFunction((args) => this.getAttribute(String(args[0])) ?? args[1] ?? null);
    return this.#flags.project[name.toLowerCase()] ?? false;
  }

  override toString(): string {
    return `flags(${this.#flags.which})`;
  }
}

function metadataEnvs(env: Record<string, string | undefined>): JsonObject {
  const prefix = 'DBT_ENV_CUSTOM_ENV_';
  return Object.fromEntries(
    Object.entries(env).flatMap(([key, value]) =>
      key.startsWith(prefix) && value !== undefined ? [[key.slice(prefix.length), value]] : [],
    ),
  );
}

const translations: Record<string, Record<string, string>> = {
  postgres: {
    string: 'text',
    timestamp: 'timestamp without time zone',
    float: 'float',
    integer: 'integer',
    bigint: 'bigint',
    boolean: 'boolean',
    numeric: 'numeric',
  },
  duckdb: {
    string: 'varchar',
    timestamp: 'timestamp',
    float: 'float',
    integer: 'integer',
    bigint: 'bigint',
    boolean: 'boolean',
    numeric: 'numeric',
  },
};

/** `api.Relation` and `api.Column`. */
function apiObject(adapterType: string): Record<string, unknown> {
  const translate = (type: unknown) => translations[adapterType]?.[String(type).toLowerCase()] ?? String(type);
  return {
    Relation: {
      create: hostFunction((_args, kwargs) => createRelation(kwargs)),
      get_default_quote_policy: hostFunction(() => ({ database: true, schema: true, identifier: true })),
      add_ephemeral_prefix: hostFunction((args) => `__dbt__cte__${String(args[0])}`),
    },
    Column: {
      create: hostFunction(
        (args, kwargs) => new Column(String(args[0] ?? kwargs['name']), translate(args[1] ?? kwargs['label_or_dtype'])),
      ),
      translate_type: hostFunction((args) => translate(args[0])),
      numeric_type: hostFunction((args) =>
        args[1] === undefined || args[1] === null
          ? String(args[0])
          : `${String(args[0])}(${String(args[1])},${String(args[2])})`,
      ),
      string_type: hostFunction((args) => `character varying(${String(args[0])})`),
    },
  };
}

function createRelation(kwargs: Record<string, unknown>): Relation {
  const text = (key: string) => (typeof kwargs[key] === 'string' ? (kwargs[key] as string) : null);
  return new Relation({
    database: text('database'),
    schema: text('schema'),
    identifier: text('identifier'),
    type: text('type') as RelationType | null,
  });
}
