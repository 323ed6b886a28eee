import { MillraceError } from '../../kernel/errors.js';
import type { JsonObject } from '../../kernel/json.js';
import { describe, isObject } from '../project/yaml.js';
import type { Graph } from './graph.js';
import { matchesMethod, type SelectionSubject, type SelectionWorld } from './select-methods.js';

export type IndirectSelection = 'eager' | 'cautious' | 'buildable' | 'empty';

export interface SelectionRequest {
  select?: string[] | undefined;
  exclude?: string[] | undefined;
  /** The name of an entry of selectors.yml. */
  selector?: string | undefined;
  indirectSelection?: IndirectSelection | undefined;
}

/** A selection as a tree: what the command line's words and selectors.yml both become. */
type Criterion =
  | {
      kind: 'method';
      method: string;
      arguments: string[];
      value: string;
      at: boolean;
      parents: number;
      children: number;
      indirect?: IndirectSelection | undefined;
    }
  | { kind: 'union' | 'intersection'; parts: Criterion[]; exclude: Criterion[] };

/**
 * dbt's selection: words united, commas intersected, `+` for what is up- or downstream, `@` for what is needed to build all children.
 * Returns unique ids; tests join the nodes they test as `indirectSelection` says. Throws SQL_SELECTION_INVALID.
 */
export function selectNodes(world: SelectionWorld, graph: Graph, request: SelectionRequest): Set<string> {
  const indirect = request.indirectSelection ?? 'eager';
  const choice = request.selector
    ? namedSelector(world, request.selector)
    : union(request.select?.length ? request.select : ['fqn:*'], request.exclude ?? []);
  const { direct, possible } = evaluate(choice, world, graph, indirect);
  return withWaitingTests(direct, possible, indirect, graph);
}

function union(select: string[], exclude: string[]): Criterion {
  const words = (texts: string[]) => texts.flatMap((text) => text.split(/\s+/)).filter(Boolean);
  return { kind: 'union', parts: words(select).map(parseWord), exclude: words(exclude).map(parseWord) };
}

/** `a,b` is one word: the intersection of its parts. */
function parseWord(word: string): Criterion {
  const parts = word.split(',').map(parseSpec);
  return parts.length === 1 ? (parts[0] as Criterion) : { kind: 'intersection', parts, exclude: [] };
}

const specPattern =
  /^(?<at>@)?(?<parents>(?<parentDepth>\d*)\+)?((?<method>[a-z_]+)(?<arguments>(\.\w+)*):)?(?<value>.*?)(?<children>\+(?<childDepth>\d*))?$/s;

function parseSpec(text: string): Criterion {
  const groups = specPattern.exec(text)?.groups;
  const value = groups?.['value'] ?? '';
  if (!groups || value === '')
    throw new MillraceError('SQL_SELECTION_INVALID', `"${text}" cannot be read as a selection`, {
      hint: 'The form is [@|N+][method:]value[+N].',
    });
  if (groups['at'] && groups['children'])
    throw new MillraceError(
      'SQL_SELECTION_INVALID',
      `"${text}": "@" already includes all children, so "+" after it is not allowed`,
    );
  return {
    kind: 'method',
    method: groups['method'] ?? defaultMethod(value),
    arguments: (groups['arguments'] ?? '').split('.').filter(Boolean),
    value,
    at: groups['at'] !== undefined,
    parents: depthOf(groups['parents'], groups['parentDepth']),
    children: depthOf(groups['children'], groups['childDepth']),
  };
}

function depthOf(plus: string | undefined, depth: string | undefined): number {
  if (plus === undefined) return 0;
  return depth ? Number(depth) : Number.POSITIVE_INFINITY;
}

function defaultMethod(value: string): string {
  if (/[/\\]/.test(value)) return 'path';
  return /\.(sql|py|csv)$/i.test(value) ? 'file' : 'fqn';
}

interface Selected {
  direct: Set<string>;
  /** Tests that touch what is selected but need more than that: they join when their other parents do. */
  possible: Set<string>;
}

function evaluate(criterion: Criterion, world: SelectionWorld, graph: Graph, indirect: IndirectSelection): Selected {
  if (criterion.kind === 'method') return evaluateMethod(criterion, world, graph, indirect);
  const results = criterion.parts.map((part) => evaluate(part, world, graph, indirect));
  const { direct, possible } = criterion.kind === 'union' ? unite(results) : intersect(results);
  const excluded = criterion.exclude.map((part) => evaluate(part, world, graph, indirect));
  for (const { direct: out } of excluded)
    for (const id of out) {
      direct.delete(id);
      possible.delete(id);
    }
  return { direct, possible };
}

function unite(results: Selected[]): Selected {
  return {
    direct: new Set(results.flatMap((result) => [...result.direct])),
    possible: new Set(results.flatMap((result) => [...result.possible])),
  };
}

/** A test that one part selects and another would only add counts as one that would be added. */
function intersect(results: Selected[]): Selected {
  const everywhere = ([first, ...others]: Set<string>[]) =>
    new Set([...(first ?? [])].filter((id) => others.every((other) => other.has(id))));
  return {
    direct: everywhere(results.map((result) => result.direct)),
    possible: everywhere(results.map((result) => new Set([...result.direct, ...result.possible]))),
  };
}

function evaluateMethod(
  criterion: Criterion & { kind: 'method' },
  world: SelectionWorld,
  graph: Graph,
  indirect: IndirectSelection,
): Selected {
  const matched = new Set<string>();
  if (criterion.method === 'selector') return evaluate(namedSelector(world, criterion.value), world, graph, indirect);
  for (const subject of world.subjects()) if (matchesMethod(world, subject, criterion)) matched.add(subject.uniqueId);
  if (matched.size === 0 && criterion.value !== '*') world.onUnmatched?.(criterion);
  const found = new Set(matched);
  if (criterion.at) {
    const below = graph.descendants(matched);
    for (const id of [...below, ...graph.ancestors([...matched, ...below])]) found.add(id);
  }
  if (criterion.parents > 0) for (const id of graph.ancestors(matched, criterion.parents)) found.add(id);
  if (criterion.children > 0) for (const id of graph.descendants(matched, criterion.children)) found.add(id);
  return expandToTests(found, world, graph, criterion.indirect ?? indirect);
}

/** Adds the tests of what was selected. */
function expandToTests(found: Set<string>, world: SelectionWorld, graph: Graph, indirect: IndirectSelection): Selected {
  const direct = new Set(found);
  const possible = new Set<string>();
  if (indirect === 'empty') return { direct, possible };
  for (const id of found)
    for (const child of graph.children.get(id) ?? []) {
      if (!isTest(world.subject(child)) || direct.has(child)) continue;
      const parents = graph.parents.get(child) ?? [];
      if (indirect === 'eager' || parents.every((parent) => found.has(parent))) direct.add(child);
      else possible.add(child);
    }
  return { direct, possible };
}

/** Tests that waited for the whole selection: those join whose parents are all selected, or for `buildable` upstream of what is. */
function withWaitingTests(
  direct: Set<string>,
  possible: Set<string>,
  indirect: IndirectSelection,
  graph: Graph,
): Set<string> {
  const enough = indirect === 'buildable' ? new Set([...direct, ...graph.ancestors(direct)]) : direct;
  const joining = [...possible].filter((id) => (graph.parents.get(id) ?? []).every((parent) => enough.has(parent)));
  return new Set([...direct, ...joining]);
}

function isTest(subject: SelectionSubject | undefined): boolean {
  return subject?.resourceType === 'test' || subject?.resourceType === 'unit_test';
}

function namedSelector(world: SelectionWorld, name: string): Criterion {
  const entry = world.selectors.get(name);
  if (!entry)
    throw new MillraceError('SQL_SELECTION_INVALID', `selectors.yml has no selector "${name}"`, {
      hint: `It has: ${[...world.selectors.keys()].join(', ') || 'none'}.`,
    });
  return readDefinition(entry['definition'], name);
}

/** One `definition:` of selectors.yml: a word, `{method, value, …}`, `{union: […]}`, `{intersection: […]}`, or `{tag: x}`. */
function readDefinition(definition: unknown, name: string): Criterion {
  if (typeof definition === 'string') return union([definition], []);
  if (!isObject(definition))
    throw new MillraceError(
      'SQL_SELECTION_INVALID',
      `the selector "${name}" has ${describe(definition)} as a definition`,
    );
  for (const kind of ['union', 'intersection'] as const) {
    const parts = definition[kind];
    if (!Array.isArray(parts)) continue;
    const isExclude = (part: unknown): part is JsonObject =>
      isObject(part) && Array.isArray(part['exclude']) && !part['method'];
    const excludes = parts.filter(isExclude).flatMap((part) => part['exclude'] as unknown[]);
    return {
      kind,
      parts: parts.filter((part) => !isExclude(part)).map((part) => readDefinition(part, name)),
      exclude: excludes.map((part) => readDefinition(part, name)),
    };
  }
  return readMethodDefinition(definition, name);
}

function readMethodDefinition(definition: JsonObject, name: string): Criterion {
  if (definition['method'] === undefined) {
    const [[key, value] = []] = Object.entries(definition);
    if (key === undefined || Object.keys(definition).length !== 1)
      throw new MillraceError('SQL_SELECTION_INVALID', `the selector "${name}" has a definition without "method"`);
    return parseSpec(`${key}:${String(value)}`);
  }
  const [method = '', ...rest] = String(definition['method']).split('.');
  const depth = (plus: unknown, steps: unknown) =>
    plus === true ? (typeof steps === 'number' ? steps : Number.POSITIVE_INFINITY) : 0;
  const base: Criterion = {
    kind: 'method',
    method,
    arguments: rest,
    value: String(definition['value'] ?? ''),
    at: definition['childrens_parents'] === true,
    parents: depth(definition['parents'], definition['parents_depth']),
    children: depth(definition['children'], definition['children_depth']),
    indirect: definition['indirect_selection'] as IndirectSelection | undefined,
  };
  const exclude = Array.isArray(definition['exclude']) ? definition['exclude'] : [];
  return exclude.length === 0
    ? base
    : { kind: 'union', parts: [base], exclude: exclude.map((part) => readDefinition(part, name)) };
}
