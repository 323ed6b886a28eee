import { MillraceError } from '../../kernel/errors.js';
import type { Json, JsonObject } from '../../kernel/json.js';
import { didYouMean } from '../project/nearest.js';
import { isObject } from '../project/yaml.js';

/** What selection may know of a node, source, exposure or unit test. */
export interface SelectionSubject {
  uniqueId: string;
  resourceType: string;
  name: string;
  packageName: string;
  fqn: string[];
  path: string;
  tags: string[];
  config: JsonObject;
  /** For a source: the name that its tables share. */
  sourceName?: string | undefined;
  group?: string | null | undefined;
  access?: string | undefined;
  version?: Json | undefined;
  latestVersion?: Json | undefined;
  /** Of a test: the generic test's name, and whether it is one. */
  testName?: string | undefined;
  isGenericTest?: boolean | undefined;
}

export interface SelectionWorld {
  projectName: string;
  subjects(): Iterable<SelectionSubject>;
  subject(uniqueId: string): SelectionSubject | undefined;
  selectors: Map<string, JsonObject>;
  /** Whether a node differs from the state to compare with; undefined when no state was given. */
  stateMatches?: ((subject: SelectionSubject, value: string, parts: string[]) => boolean) | undefined;
  /** Statuses of the previous run, by unique id; undefined when there are none. */
  previousStatuses?: Map<string, string> | undefined;
  /** Sources with newer data than the previous state knew, and what depends on them. */
  fresherSources?: Set<string> | undefined;
  /** Told of every criterion that matches nothing: it may be misspelt. */
  onUnmatched?: ((call: MethodCall) => void) | undefined;
}

export interface MethodCall {
  method: string;
  arguments: string[];
  value: string;
}

type Matcher = (world: SelectionWorld, subject: SelectionSubject, call: MethodCall) => boolean;

/** Whether a node is selected by one method of dbt's grammar. Throws SQL_SELECTION_INVALID for a method that does not exist. */
export function matchesMethod(world: SelectionWorld, subject: SelectionSubject, call: MethodCall): boolean {
  const matcher = methods[call.method];
  if (!matcher)
    throw new MillraceError('SQL_SELECTION_INVALID', `"${call.method}" is not a method of selection`, {
      hint: didYouMean(call.method, Object.keys(methods)) || `Methods: ${Object.keys(methods).join(', ')}.`,
    });
  return matcher(world, subject, call);
}

const methods: Record<string, Matcher> = {
  fqn: (_world, subject, { value }) => matchesFqn(subject, value),
  tag: (_world, subject, { value }) => subject.tags.some((tag) => glob(value, tag)),
  group: (_world, subject, { value }) => subject.group === value,
  access: (_world, subject, { value }) => subject.resourceType === 'model' && subject.access === value,
  source: (_world, subject, { value }) => subject.resourceType === 'source' && matchesSource(subject, value),
  path: (_world, subject, { value }) => matchesPath(subject.path, value),
  file: (_world, subject, { value }) => {
    const file = subject.path.split('/').at(-1) ?? '';
    return glob(value, file) || glob(value, file.replace(/\.[^.]*$/, ''));
  },
  package: (world, subject, { value }) => glob(value === 'this' ? world.projectName : value, subject.packageName),
  config: (_world, subject, call) => matchesConfig(subject.config, call.arguments, call.value),
  test_name: (_world, subject, { value }) => subject.testName !== undefined && glob(value, subject.testName),
  test_type: (_world, subject, { value }) => matchesTestType(subject, value),
  resource_type: (_world, subject, { value }) => subject.resourceType === value,
  exposure: (_world, subject, { value }) => subject.resourceType === 'exposure' && matchesDotted(subject, value),
  unit_test: (_world, subject, { value }) => subject.resourceType === 'unit_test' && matchesDotted(subject, value),
  metric: () => false,
  semantic_model: () => false,
  saved_query: () => false,
  version: (_world, subject, { value }) => matchesVersion(subject, value),
  state: (world, subject, call) => {
    if (!world.stateMatches) throw missing('state', 'Name the folder of the earlier artifacts with --state.');
    return world.stateMatches(subject, call.value, call.arguments);
  },
  result: (world, subject, { value }) => {
    if (!world.previousStatuses)
      throw missing('result', 'Name the folder of the earlier run_results.json with --state.');
    return world.previousStatuses.get(subject.uniqueId) === value;
  },
  source_status: (world, subject, { value }) => {
    if (!world.fresherSources)
      throw missing('source_status', 'Name the folder of the earlier sources.json with --state.');
    return value === 'fresher' && world.fresherSources.has(subject.uniqueId);
  },
};

function missing(method: string, hint: string): MillraceError {
  return new MillraceError('SQL_SELECTION_INVALID', `the method "${method}" needs an earlier state to compare with`, {
    hint,
  });
}

/** dbt's rule: the leaf's name, or a prefix of the name parts; the package may be left out. */
function matchesFqn(subject: SelectionSubject, value: string): boolean {
  const isVersioned = subject.version !== undefined && subject.version !== null;
  return matchesParts(subject.fqn, value, isVersioned) || matchesParts(subject.fqn.slice(1), value, isVersioned);
}

function matchesParts(fqn: string[], value: string, isVersioned: boolean): boolean {
  const wanted = value.split('.');
  // A model with versions is found by its name alone, by name.v2 and by name_v2.
  if (isVersioned && (fqn.at(-2) === value || fqn.slice(-2).join('_') === wanted.slice(-2).join('_'))) return true;
  if (!isVersioned && fqn.at(-1) === value) return true;
  const parts = fqn.flatMap((part) => part.split('.'));
  if (parts.length < wanted.length) return false;
  const wild = wanted.findIndex((part) => /[*?[\]]/.test(part));
  const plain = wild === -1 ? wanted : wanted.slice(0, wild);
  if (!plain.every((part, index) => part === parts[index])) return false;
  // From the first wildcard on, the pattern stands for all of the rest.
  return wild === -1 || glob(wanted.slice(wild).join('.'), parts.slice(wild).join('.'));
}

function matchesSource(subject: SelectionSubject, value: string): boolean {
  const parts = value.split('.');
  const own = [subject.packageName, subject.sourceName ?? '', subject.name];
  if (parts.length === 1) return glob(parts[0] as string, own[1] as string);
  if (parts.length === 2)
    return glob(parts[0] as string, own[1] as string) && glob(parts[1] as string, own[2] as string);
  return parts.length === 3 && parts.every((pattern, index) => glob(pattern, own[index] as string));
}

function matchesDotted(subject: SelectionSubject, value: string): boolean {
  const parts = value.split('.');
  return parts.length === 1
    ? glob(value, subject.name)
    : glob(parts[0] as string, subject.packageName) && glob(parts.slice(1).join('.'), subject.name);
}

/** A file, a folder (everything under it), or a pattern in which `*` may cross folders when written `**`. */
function matchesPath(path: string, value: string): boolean {
  const wanted = value.replaceAll('\\', '/').replace(/^\.\//, '').replace(/\/$/, '');
  return path === wanted || path.startsWith(`${wanted}/`) || pathGlob(wanted, path);
}

function pathGlob(pattern: string, path: string): boolean {
  if (!/[*?[]/.test(pattern)) return false;
  const source = pattern
    .split(/(\*\*\/?|\*|\?)/)
    .map((part) => {
      if (part.startsWith('**')) return '(?:.*/)?';
      if (part === '*') return '[^/]*';
      return part === '?' ? '[^/]' : escapePattern(part);
    })
    .join('');
  return new RegExp(`^${source.replace(/\(\?:\.\*\/\)\?$/, '.*')}(?:/.*)?$`).test(path);
}

function matchesConfig(config: JsonObject, path: string[], wanted: string): boolean {
  let value: Json | undefined = config;
  for (const key of path) value = isObject(value) ? value[key] : undefined;
  const same = (each: Json | undefined) =>
    each === wanted ||
    String(each).toLowerCase() === wanted.toLowerCase() ||
    (typeof each === 'string' && glob(wanted, each));
  if (Array.isArray(value)) return value.some(same);
  if (isObject(value)) return Object.hasOwn(value, wanted);
  return value !== undefined && value !== null && same(value);
}

function matchesTestType(subject: SelectionSubject, value: string): boolean {
  if (value === 'unit') return subject.resourceType === 'unit_test';
  if (subject.resourceType !== 'test') return false;
  if (value === 'data') return true;
  if (value === 'generic' || value === 'schema') return subject.isGenericTest === true;
  if (value === 'singular') return subject.isGenericTest === false;
  throw new MillraceError('SQL_SELECTION_INVALID', `"${value}" is not a type of test`, {
    hint: 'Types: generic, singular, data, unit.',
  });
}

function matchesVersion(subject: SelectionSubject, value: string): boolean {
  const { version, latestVersion } = subject;
  if (subject.resourceType !== 'model') return false;
  if (value === 'none') return version === undefined || version === null;
  if (version === undefined || version === null) return false;
  const order = compareVersions(version, latestVersion ?? version);
  if (value === 'latest') return order === 0;
  if (value === 'prerelease') return order > 0;
  if (value === 'old') return order < 0;
  throw new MillraceError('SQL_SELECTION_INVALID', `"${value}" is not a kind of version`, {
    hint: 'Kinds: latest, prerelease, old, none.',
  });
}

/** Versions are numbers where both are, else text. */
export function compareVersions(left: Json, right: Json): number {
  const [a, b] = [Number(left), Number(right)];
  if (!Number.isNaN(a) && !Number.isNaN(b)) return a - b;
  return String(left) < String(right) ? -1 : String(left) > String(right) ? 1 : 0;
}

/** Python's fnmatch: `*`, `?`, `[abc]`. */
export function glob(pattern: string, text: string): boolean {
  if (!/[*?[]/.test(pattern)) return pattern === text;
  const source = pattern
    .split(/(\*|\?|\[[^\]]+\])/)
    .map((part) => {
      if (part === '*') return '.*';
      if (part === '?') return '.';
      return /^\[.+\]$/.test(part) ? part.replace(/^\[!/, '[^').replaceAll('\\', '\\\\') : escapePattern(part);
    })
    .join('');
  return new RegExp(`^${source}$`, 's').test(text);
}

function escapePattern(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
