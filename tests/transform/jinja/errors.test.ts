import { describe, expect, it } from 'vitest';
import { MillraceError } from '../../../kernel/errors.js';
import {
  compileMacros,
  compileTemplate,
  hostFunction,
  library,
  TemplateError,
} from '../../../transform/jinja/index.js';

function failure(work: () => unknown): TemplateError {
  try {
    work();
  } catch (error) {
    expect(error).toBeInstanceOf(TemplateError);
    return error as TemplateError;
  }
  throw new Error('it did not fail');
}

const render = (template: string, context: Record<string, unknown> = {}) =>
  compileTemplate(template, { path: 'models/a.sql' }).renderSync(context);

describe('faults in templates', () => {
  it('show file, line, column, the line itself and a caret under the place', () => {
    const error = failure(() => render("select 1,\n\t{{ 'a' + 1 }}\nfrom x"));
    expect(error).toMatchObject({ code: 'JINJA_RUNTIME', path: 'models/a.sql', line: 2, column: 9 });
    expect(error.message).toBe("models/a.sql:2:9: cannot add 'str' and 'int'\n  2 | \t{{ 'a' + 1 }}\n    | \t       ^");
    expect(error.hint).toBe("Use '~' to join values as text.");
  });

  it('count lines from where the template stands in its file', () => {
    const template = () => compileTemplate('\n{% if %}', { path: 'snapshots/s.sql', firstLine: 10 });
    expect(failure(template)).toMatchObject({ code: 'JINJA_SYNTAX', line: 11, column: 7 });
  });

  it('count lines the same whatever ends them', () => {
    expect(failure(() => render('a\r\nb\r\n{{ x( }}'))).toMatchObject({ line: 3 });
  });

  it.each([
    ['{{ reff("a") }}', "'reff' is undefined", "Did you mean 'ref'?"],
    ['{{ a | uper }}', "there is no filter 'uper'", "Did you mean 'upper'?"],
    ['{% if a is defind %}{% endif %}', "there is no test 'defind'", "Did you mean 'defined'?"],
    ['{% fro x in y %}', "unexpected tag 'fro'", "Did you mean 'for'?"],
    ["{% include 'x' %}", "the tag 'include' does not exist in dbt's Jinja", undefined],
    ['{% if a %}{% endfor %}', "unexpected tag 'endfor' inside {% if %}", undefined],
    ['{% for x in y %}', 'the template ends inside {% for %}: {% endfor %} is missing', undefined],
    ['{{ (1, 2] }}', 'unexpected ], expected )', undefined],
    ["{{ 'abc }}", 'this string is not closed', undefined],
    ['{# never', 'this comment is not closed: #} is missing', undefined],
  ])('say what is wrong with %s', (template, reason, hint) => {
    const error = failure(() => render(template, { ref: hostFunction(() => '') }));
    expect(error.reason).toBe(reason);
    expect(error.hint).toBe(hint);
  });

  it('point into the macro that failed and name the calls that led there', () => {
    const [macro] = compileMacros('\n{% macro broken(x) %}\n  {{ x.y.z }}\n{% endmacro %}', { path: 'macros/m.sql' });
    const error = failure(() => render('a\n{{ broken({}) }}', { broken: macro?.bind({}) }));
    expect(error).toMatchObject({ code: 'JINJA_UNDEFINED', path: 'macros/m.sql', line: 3, column: 9 });
    expect(error.calls).toEqual(['template (models/a.sql:2)']);
  });

  it('keep the code of what a host function throws, and its cause', () => {
    const thrown = new MillraceError('CONFIG_INVALID', 'no such thing', { hint: 'Set it.' });
    const ref = hostFunction(() => {
      throw thrown;
    });
    const error = failure(() => render('{{ ref() }}', { ref }));
    expect(error).toMatchObject({ code: 'CONFIG_INVALID', reason: 'no such thing', hint: 'Set it.', cause: thrown });
  });

  it('keep what a database said when it refuses a query, in the place of the query', async () => {
    const run_query = hostFunction(() => Promise.reject(new Error('relation "x" does not exist')));
    const error = await compileTemplate("\n{{ run_query('select') }}", { path: 'a.sql' })
      .render({ run_query })
      .catch((each: unknown) => each);
    expect(error).toMatchObject({ reason: 'relation "x" does not exist', line: 2 });
  });

  it('carry what a template raises itself', () => {
    const template = "{{ exceptions.raise_compiler_error('model needs ' ~ 2 ~ ' columns') }}";
    expect(failure(() => render(template, library()))).toMatchObject({
      code: 'JINJA_RAISED',
      reason: 'model needs 2 columns',
    });
  });
});

describe('undefined values', () => {
  it('can be called and have attributes while a project is parsed, as in dbt', () => {
    const template = compileTemplate("[{{ later.on('x').more[0] }}]{% for x in later %}{% endfor %}", {
      path: 'a.sql',
    });
    expect(template.renderSync({}, { lenient: true })).toBe('[]');
    expect(failure(() => template.renderSync({}))).toMatchObject({ code: 'JINJA_UNDEFINED' });
  });
});
