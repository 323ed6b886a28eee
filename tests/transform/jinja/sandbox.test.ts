import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compileTemplate, HostObject, hostFunction, library, TemplateError } from '../../../transform/jinja/index.js';

class Relation extends HostObject {
  readonly secret = 'canary-9f2c';

  getAttribute(name: string): unknown {
    return name === 'schema' ? 'staging' : undefined;
  }

  override toString(): string {
    return 'relation';
  }
}

class Foreign {
  readonly secret = 'canary-9f2c';

  method(): string {
    return 'canary-9f2c';
  }
}

const context = () => ({
  ...library({ now: () => 0 }),
  relation: new Relation(),
  foreign: new Foreign(),
  bare: () => 'canary-9f2c',
  call_me: hostFunction(() => 1),
  text: 'abc',
  list: [1, 2, 3],
  record: { a: 1 },
});

const render = (template: string) => compileTemplate(template, { path: 'a.sql' }).renderSync(context());

const ways = [
  'constructor',
  '__proto__',
  'prototype',
  '__class__',
  '__globals__',
  '__init__',
  'toString',
  'valueOf',
  'secret',
  'method',
  'call',
  'apply',
  'bind',
];
const values = [
  "''",
  '[]',
  '{}',
  '()',
  '1',
  '1.0',
  'true',
  'none',
  'relation',
  'foreign',
  'bare',
  'call_me',
  'range',
  'namespace()',
  'modules',
  'modules.re',
  "modules.re.compile('a')",
  'modules.datetime.datetime.now()',
  'loop',
  'list.append',
  'record.items()',
  'set()',
  'exceptions',
  'record',
  'undefined_thing',
];

describe('the sandbox', () => {
  it.each(values.flatMap((value) => ways.map((way) => [value, way] as const)))(
    'has no way out: %s, %s',
    (value, way) => {
      for (const access of [
        `(${value}).${way}`,
        `(${value})['${way}']`,
        `(${value}) | attr('${way}')`,
        `[${value}] | map(attribute='${way}') | first`,
      ]) {
        const template = `{{ (${access}) is defined }}|{{ ${access} }}`;
        const outcome = outcomeOf(template);
        expect(outcome).toMatch(/^(False\||error: )/);
      }
      expect(outcomeOf(`{{ (${value}).${way}('x')('return process')() }}`)).toMatch(/^error: /);
      expect(outcomeOf(`{{ '{0.${way}} {0[${way}]}'.format(${value}) }}`)).toMatch(/^error: /);
    },
  );

  it('does not find names that JavaScript has', () => {
    for (const name of [
      'process',
      'globalThis',
      'require',
      'Function',
      'eval',
      'this',
      'arguments',
      'runtime',
      '$r',
      '$c',
      'constructor',
    ])
      expect(outcomeOf(`{{ ${name.replace('$', '')} }}`)).toBe('');
  });

  it('keeps keys named like JavaScript members apart from them', () => {
    expect(
      render("{% set d = {'__proto__': 1, 'constructor': 2} %}{{ d['__proto__'] }}{{ d.constructor }}{{ {} == d }}"),
    ).toBe('12False');
    expect(render("{% do record.update({'__proto__': {'a': 2}}) %}{{ record['__proto__'] }}{{ record.a }}")).toBe(
      "{'a': 2}1",
    );
    expect(render("{{ dict(**{'__proto__': 5}) }}{{ fromjson('{\"__proto__\": 1}') }}")).toBe(
      "{'__proto__': 5}{'__proto__': 1}",
    );
    expect(({} as Record<string, unknown>)['a']).toBeUndefined();
  });

  it('cannot call a bare function of the host', () => {
    expect(outcomeOf('{{ bare() }}')).toMatch(/^error: /);
    expect(outcomeOf("{{ ['x'] | map(bare) | list }}")).toMatch(/^error: /);
  });
});

describe('limits', () => {
  it.each([
    ['{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}'],
    ["{{ 'a' * 1000000000 }}"],
    ['{{ [0] * 1000000000 }}'],
    ['{{ range(10 ** 12) }}'],
    ['{{ 10 ** (10 ** 10) }}'],
    ["{{ 'a'.ljust(10 ** 10) }}"],
    ["{{ '%999999999999d' % 1 }}"],
    ["{{ '{:>9999999999}'.format(1) }}"],
    ["{% set ns = namespace(x='ab') %}{% for i in range(60) %}{% set ns.x = ns.x ~ ns.x %}{% endfor %}"],
    [
      "{% set ns = namespace(x='aaaaaaaaaaaaaaaa') %}{% for i in range(12) %}{% set ns.x = ns.x.replace('a', ns.x) %}{% endfor %}",
    ],
    ['{% set l = [1] %}{% for x in l %}{% do l.append(x) %}{% endfor %}'],
    ["{{ modules.re.match('(a+)+b', 'a' * 40) }}"],
    ['{% set l = [] %}{% do l.append(l) %}{{ tojson(l) }}'],
    ['{{ modules.itertools.product(range(1000), repeat=5) | length }}'],
    [`{{ ${'('.repeat(5000)}1${')'.repeat(5000)} }}`],
    [`{{ ${'1+'.repeat(50_000)}1 }}`],
    [`{{ ${'not '.repeat(5000)}1 }}`],
    [`${'{% if 1 %}'.repeat(3000)}${'{% endif %}'.repeat(3000)}`],
  ])('end a template that would not end: %.70s', (template) => {
    expect(outcomeOf(template)).toMatch(/^error: JINJA_(LIMIT|SYNTAX|RUNTIME)/);
  });

  it('prints a list that holds itself', () => {
    expect(render('{% set l = [1] %}{% do l.append(l) %}{{ l }}')).toBe('[1, [...]]');
  });
});

function outcomeOf(template: string): string {
  try {
    return render(template);
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error;
    return `error: ${error.code} ${error.reason}`;
  }
}

/** Pieces that templates are made of, and some that they are not. */
const piece = fc.constantFrom(
  ..."{{ }} {% %} {%- -%} {# #} if else elif endif for in endfor set endset macro endmacro call endcall do filter endfilter raw endraw with endwith is not and or recursive break continue return ( ) [ ] { } , : . | ~ + - * / // % ** == != < > = 1 2.5 0 \"a\" 'b' true none x text list record relation loop caller namespace() range(3) upper join length map('upper') tojson default(1) constructor __proto__ snapshot docs".split(
    ' ',
  ),
  'endsnapshot',
  '\n',
  '  ',
  '\\',
  "'",
  '"',
  '`$',
  '{x}`',
  '\u2028',
  '\ud83d',
);

describe('any template', () => {
  it('gives text or says where it is wrong, whatever it is made of', () => {
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
        const outcome = outcomeOf(pieces.join(' '));
        expect(outcome).not.toContain('canary');
        expect(outcome).not.toContain('native code');
      }),
      { numRuns: 3000 },
    );
  });

  it('prints text that holds no tag as it is', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        fc.pre(!/\{[{%#]/.test(text) && !/[\r]/.test(text));
        expect(render(text)).toBe(text.replace(/\n$/, ''));
      }),
    );
  });

  it('prints any string literal and any JSON value as Python does, and reads it back', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 3 }), (value) => {
        fc.pre(!/-0(?![.\d])|[eE]|\d{16}/.test(JSON.stringify(value).replace(/"(?:[^"\\]|\\.)*"/g, '')));
        const given = JSON.stringify(value);
        const template = compileTemplate('{{ tojson(fromjson(given)) }}', { path: 'a.sql' });
        expect(JSON.parse(template.renderSync({ ...library(), given }))).toEqual(JSON.parse(given));
      }),
    );
  });

  /** Expressions that are right in form, over values that fit or do not. */
  const { expression } = fc.letrec<{ expression: string }>((tie) => ({
    expression: fc.oneof(
      { maxDepth: 4 },
      fc.constantFrom(
        '1',
        '2.0',
        '-3',
        "'a'",
        "'b%s'",
        'true',
        'none',
        '[]',
        '[1, 2]',
        '{}',
        "{'a': 1}",
        '(1,)',
        'x',
        'text',
        'list',
        'record',
        'relation',
      ),
      fc
        .tuple(
          tie('expression'),
          fc.constantFrom('+', '-', '*', '/', '//', '%', '~', '==', '<', '>=', 'in', 'not in', 'and', 'or', 'if'),
          tie('expression'),
        )
        .map(([a, operator, b]) => `(${a} ${operator} ${b})`),
      fc
        .tuple(
          tie('expression'),
          fc.constantFrom(
            'upper',
            'length',
            'list',
            'first',
            'sort',
            'join',
            'int',
            'float',
            'unique',
            'sum',
            'round',
            'tojson',
            "map('string')",
            "select('defined')",
            'reverse',
            'title',
            'indent',
            'dictsort',
            'string',
            'batch(2)',
            "replace('a', 'b')",
            'items',
            'abs',
            'max',
            "default('d')",
            'wordwrap(3)',
            'truncate(3)',
            'xmlattr',
            'urlencode',
            'filesizeformat',
          ),
        )
        .map(([a, filter]) => `(${a} | ${filter})`),
      fc
        .tuple(
          tie('expression'),
          fc.constantFrom(
            '.a',
            "['a']",
            '[0]',
            '[-1]',
            '[1:]',
            '[::-1]',
            '.upper()',
            '.keys()',
            '.get(1)',
            ".split('a')",
            '.append(1)',
            '.format(1)',
            ".join('ab')",
            '.pop()',
            '.items()',
          ),
        )
        .map(([a, suffix]) => `(${a})${suffix}`),
      fc.tuple(fc.constantFrom('not', '-', '+'), tie('expression')).map(([sign, a]) => `(${sign} ${a})`),
    ),
  }));

  it('renders the same at once and awaited', async () => {
    await fc.assert(
      fc.asyncProperty(expression, async (text) => {
        const template = compileTemplate(
          `{% set y = ${text} %}{% for z in [y] %}{{ z }}{% endfor %}{{ y is defined }}`,
          { path: 'a.sql' },
        );
        const awaited = await template.render(context()).catch((error: unknown) => {
          if (!(error instanceof TemplateError)) throw error;
          return `error: ${error.code} ${error.reason}`;
        });
        expect(awaited).toBe(outcomeOf(`{% set y = ${text} %}{% for z in [y] %}{{ z }}{% endfor %}{{ y is defined }}`));
        expect(awaited).not.toContain('canary');
      }),
      { numRuns: 2000 },
    );
  });
});
