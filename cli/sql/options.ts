import { join, resolve } from 'node:path';
import { MillraceError } from '../../kernel/errors.js';
import type { JsonObject } from '../../kernel/json.js';
import type { LoadOptions, Project } from '../../transform/index.js';
import type { IndirectSelection, SelectionRequest } from '../../transform/manifest/select.js';
import type { SelectionWorld } from '../../transform/manifest/select-methods.js';
import { didYouMean } from '../../transform/project/nearest.js';
import { readYaml } from '../../transform/project/yaml.js';
import type { Printer } from './printer.js';

/** The flags of `millrace sql …` as commander gives them. */
export interface SqlOptions {
  projectDir: string;
  profilesDir?: string;
  profile?: string;
  target?: string;
  targetPath?: string;
  vars: string;
  threads?: number;
  connectionUrl?: string;
  quiet?: boolean;
  debug?: boolean;
  logFormat: 'text' | 'json';
  useColors: boolean;
  partialParse: boolean;
  warnError?: boolean;
  writeJson: boolean;
  select?: string[];
  models?: string[];
  exclude?: string[];
  selector?: string;
  resourceType?: string[];
  excludeResourceType?: string[];
  indirectSelection: IndirectSelection;
  state?: string;
  fullRefresh?: boolean;
  failFast?: boolean;
  storeFailures?: boolean;
  defer?: boolean;
  deferState?: string;
  favorState?: boolean;
  empty?: boolean;
  batchTests?: boolean;
  eventTimeStart?: string;
  eventTimeEnd?: string;
  inline?: string;
  limit?: number;
  output?: string;
  outputKeys?: string[];
  args?: string;
  compile?: boolean;
  lineage?: boolean;
}

/** How the project is loaded for a command. Artifacts and the cache of parsing lie in the target folder, as in dbt. */
export function loadOptionsOf(options: SqlOptions, which: string): LoadOptions {
  return {
    dir: options.projectDir,
    profilesDir: options.profilesDir,
    profile: options.profile,
    target: options.target,
    connectionUrl: options.connectionUrl,
    threads: options.threads,
    vars: readVars(options.vars, '--vars'),
    ...(options.partialParse ? { cacheFolder: join(resolve(options.projectDir), options.targetPath ?? 'target') } : {}),
    flags: {
      which,
      fullRefresh: options.fullRefresh ?? false,
      failFast: options.failFast ?? false,
      warnError: options.warnError ?? false,
      empty: options.empty ?? false,
      ...(options.storeFailures === undefined ? {} : { storeFailures: options.storeFailures }),
    },
  };
}

export function readVars(text: string, flag: string): JsonObject {
  const value = readYaml(text, flag);
  if (value === null) return {};
  if (typeof value === 'object' && !Array.isArray(value)) return value;
  throw new MillraceError('REQUEST_INVALID', `${flag} must be YAML of keys and values; got ${text}`);
}

/** Where artifacts of the project are written. */
export function targetFolder(project: Project, options: SqlOptions): string {
  return resolve(project.dir, options.targetPath ?? project.root.file.targetPath);
}

/** Says which criterion of a selection matches nothing, and what it may have meant. */
export function warnOfUnmatched(project: Project, printer: Printer): Pick<SelectionWorld, 'onUnmatched'> {
  return {
    onUnmatched({ method, arguments: parts, value }) {
      const spelled = method === 'fqn' ? value : `${[method, ...parts].join('.')}:${value}`;
      const names = [...project.nodes.values()].map(({ name }) => name);
      const hint = method === 'fqn' ? didYouMean(value, names) : '';
      printer.warn(`The selection criterion "${spelled}" matches no node. ${hint}`.trimEnd());
    },
  };
}

export function selectionOf(options: SqlOptions): SelectionRequest {
  const select = [...(options.select ?? []), ...(options.models ?? [])];
  return {
    select: select.length > 0 ? select : undefined,
    exclude: options.exclude,
    selector: options.selector,
    indirectSelection: options.indirectSelection,
  };
}
