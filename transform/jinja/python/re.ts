import { readArguments, textArgument } from '../arguments.js';
import { hostFunction } from '../callables.js';
import { RuntimeFault } from '../errors.js';
import { limits } from '../limits.js';
import { toIndex } from '../operators.js';
import { repr, str } from '../text.js';
import { type Arguments, Callable, Dict, HostObject, type Keywords, type Run, tuple } from '../values.js';
import { compilePattern, flagBits, withTimeLimit } from './pattern.js';

type Operation = (pattern: Pattern, args: Arguments, kwargs: Keywords, run: Run) => unknown;

/** What both `re.name(pattern, …)` and `pattern.name(…)` do. */
const operations: Record<string, Operation> = {
  match: (pattern, args) => pattern.find(subject(args), 'start'),
  search: (pattern, args) => pattern.find(subject(args), 'anywhere'),
  fullmatch: (pattern, args) => pattern.find(subject(args), 'whole'),
  findall: (pattern, args) =>
    pattern.all(subject(args)).map((match) => {
      const groups = match.slice(1).map((group) => group ?? '');
      return groups.length === 0 ? match[0] : groups.length === 1 ? groups[0] : tuple(groups);
    }),
  finditer: (pattern, args) => pattern.all(subject(args)).map((match) => new Match(match, pattern)),
  split: (pattern, args, kwargs) => {
    const [text, most = 0] = readArguments('split', ['string', 'maxsplit?'], args, kwargs);
    return pattern.split(textArgument('split', text, 'the text'), toIndex(most, 'maxsplit'));
  },
  sub: (pattern, args, kwargs, run) => pattern.substitute(args, kwargs, run).text,
  subn: (pattern, args, kwargs, run) => {
    const { text, count } = pattern.substitute(args, kwargs, run);
    return tuple([text, count]);
  },
};

function subject(args: Arguments): string {
  return textArgument('a function of re', args[0], 'the text');
}

/** The module `re`. */
export const reModule: Record<string, unknown> = {
  ...Object.fromEntries(Object.entries(operations).map(([name, operation]) => [name, moduleFunction(name, operation)])),
  ...flagBits,
  compile: hostFunction(function compile(args, kwargs) {
    const [source, flags] = readArguments('compile', ['pattern', 'flags?'], args, kwargs);
    return patternOf(source, flags);
  }),
  escape: hostFunction(function escapePattern(args) {
    return textArgument('escape', args[0]).replace(/[\\^$.*+?()[\]{}|\-&~#\s]/g, (character) => `\\${character}`);
  }),
};

function moduleFunction(name: string, operation: Operation): Callable {
  return hostFunction((args, kwargs, run) => {
    const { flags, pattern: named, ...rest } = kwargs;
    const takesCount = name === 'sub' || name === 'subn' || name === 'split';
    // Positional flags stand behind the text, in sub and split behind the count too.
    const flagsAt =
      { match: 2, search: 2, fullmatch: 2, findall: 2, finditer: 2, split: 3, sub: 4, subn: 4 }[name] ?? 2;
    const source = named ?? args[0];
    const remaining = named === undefined ? args.slice(1, flagsAt) : args;
    const text = rest['string'];
    const given = text !== undefined && !takesCount ? [text] : remaining;
    return operation(patternOf(source, flags ?? args[flagsAt]), given, takesCount ? rest : {}, run);
  });
}

function patternOf(source: unknown, flags: unknown): Pattern {
  if (source instanceof Pattern) return source;
  return new Pattern(
    textArgument('re', source, 'the pattern'),
    flags === undefined || flags === null ? 0 : toIndex(flags, 'flags'),
  );
}

/** A compiled pattern. */
class Pattern extends HostObject {
  readonly source: string;
  readonly #regex: RegExp;
  readonly #risky: boolean;

  constructor(source: string, flags: number) {
    super();
    this.source = source;
    const { regex, risky } = compilePattern(source, flags);
    this.#regex = regex;
    this.#risky = risky;
  }

  getAttribute(name: string): unknown {
    if (name === 'pattern') return this.source;
    const operation = Object.hasOwn(operations, name) ? operations[name] : undefined;
    return operation && hostFunction((args, kwargs, run) => operation(this, args, kwargs, run));
  }

  find(text: string, where: 'start' | 'anywhere' | 'whole'): Match | null {
    const source = where === 'whole' ? `(?:${this.#regex.source})(?![^])` : this.#regex.source;
    const regex = new RegExp(source, this.#regex.flags.replace('g', '') + (where === 'anywhere' ? '' : 'y'));
    const found = this.#guarded(() => regex.exec(text));
    return found && new Match(found, this);
  }

  all(text: string): RegExpExecArray[] {
    const found = this.#guarded(() => [...text.matchAll(this.#regex)]);
    limits.items(found.length);
    return found as RegExpExecArray[];
  }

  split(text: string, most: number): unknown[] {
    const parts: unknown[] = [];
    let at = 0;
    for (const match of this.all(text).slice(0, most > 0 ? most : undefined)) {
      parts.push(text.slice(at, match.index), ...match.slice(1).map((group) => group ?? null));
      at = match.index + match[0].length;
    }
    return [...parts, text.slice(at)];
  }

  substitute(args: Arguments, kwargs: Keywords, run: Run): { text: string; count: number } {
    const [replacement, given, most = 0] = readArguments('sub', ['repl', 'string', 'count?'], args, kwargs);
    const text = textArgument('sub', given, 'the text');
    const replace = replacer(replacement, this, run);
    const matches = this.all(text).slice(0, Number(most) > 0 ? toIndex(most, 'count') : undefined);
    let result = '';
    let at = 0;
    for (const match of matches) {
      result += text.slice(at, match.index) + replace(match);
      at = match.index + match[0].length;
    }
    return { text: limits.text(result + text.slice(at)), count: matches.length };
  }

  #guarded<T>(search: () => T): T {
    return this.#risky ? withTimeLimit(search, this.source) : search();
  }

  override get typeName(): string {
    return 'Pattern';
  }

  override toString(): string {
    return `re.compile(${repr(this.source)})`;
  }

  override get repr(): string {
    return this.toString();
  }
}

/** What a match is replaced with: a text with \1 and \g<name>, or what a function makes of it. */
function replacer(replacement: unknown, pattern: Pattern, run: Run): (match: RegExpExecArray) => string {
  if (replacement instanceof Callable) {
    return (match) => {
      const result = replacement.call({ ...run, sync: true }, [new Match(match, pattern)], null);
      return str(result);
    };
  }
  const text = textArgument('sub', replacement, 'the replacement');
  if (!text.includes('\\')) return () => text;
  return (match) =>
    text.replace(
      /\\(?:g<(\w+)>|(\d{1,2})|(.))/gs,
      (whole, name: string | undefined, number: string | undefined, character: string | undefined) => {
        if (character !== undefined) return { n: '\n', t: '\t', r: '\r', '\\': '\\' }[character] ?? whole;
        return groupOf(match, name === undefined ? Number(number) : /^\d+$/.test(name) ? Number(name) : name) ?? '';
      },
    );
}

function groupOf(match: RegExpExecArray, key: unknown): string | undefined {
  const known =
    typeof key === 'string'
      ? match.groups !== undefined && Object.hasOwn(match.groups, key)
      : Number(key) < match.length && Number(key) >= 0;
  if (!known) throw new RuntimeFault(`no such group: ${repr(key)}`);
  return typeof key === 'string' ? match.groups?.[key] : match[Number(key)];
}

/** A match: `match.group(1)`, `match[1]`. */
class Match extends HostObject {
  readonly #match: RegExpExecArray;
  readonly #pattern: Pattern;

  constructor(match: RegExpExecArray, pattern: Pattern) {
    super();
    this.#match = match;
    this.#pattern = pattern;
  }

  getAttribute(name: string): unknown {
    const match = this.#match;
    const end = match.index + match[0].length;
    switch (name) {
      case 'group':
        return hostFunction((args) => {
          if (args.length <= 1) return groupOf(match, args[0] ?? 0) ?? null;
          return tuple(args.map((key) => groupOf(match, key) ?? null));
        });
      case 'groups':
        return hostFunction((args, kwargs) => {
          const [preset = null] = readArguments('groups', ['default?'], args, kwargs);
          return tuple(match.slice(1).map((group) => group ?? preset));
        });
      case 'groupdict':
        return hostFunction(() =>
          Dict.of(Object.fromEntries(Object.entries(match.groups ?? {}).map(([key, value]) => [key, value ?? null]))),
        );
      case 'start':
        return hostFunction(() => match.index);
      case 'end':
        return hostFunction(() => end);
      case 'span':
        return hostFunction(() => tuple([match.index, end]));
      case 'string':
        return match.input;
      case 're':
        return this.#pattern;
    }
    return undefined;
  }

  override getItem(key: unknown): unknown {
    return groupOf(this.#match, key) ?? null;
  }

  override get typeName(): string {
    return 'Match';
  }

  override toString(): string {
    const { index } = this.#match;
    return `<re.Match object; span=(${index}, ${index + this.#match[0].length}), match=${repr(this.#match[0])}>`;
  }

  override get repr(): string {
    return this.toString();
  }
}
