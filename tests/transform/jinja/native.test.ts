import { describe, expect, it } from 'vitest';
import { compileTemplate, toHost } from '../../../transform/jinja/index.js';

const native = (template: string, context: Record<string, unknown> = {}) =>
  toHost(compileTemplate(template, { path: 'dbt_project.yml' }).renderNative(context));

describe('values of YAML', () => {
  it.each([
    ['plain', {}, 'plain'],
    ['', {}, ''],
    ['{{ x }}', { x: [1, 2] }, [1, 2]],
    ['{{ x }}', { x: '5' }, '5'],
    ['{{ x }}', { x: 5 }, 5],
    ['{{ x }}', { x: null }, null],
    ['{{ x == 1 }}', { x: 1 }, true],
    ['{{ x | as_number }}', { x: '5432' }, 5432],
    ['{{ x | as_number }}', { x: '1.5' }, 1.5],
    ['{{ x | as_bool }}', { x: 'True' }, true],
    ['{{ x | as_native }}', { x: "{'a': [1, None], 'b': ('x',)}" }, { a: [1, null], b: ['x'] }],
    ['{{ x | as_native }}', { x: 'not a literal' }, 'not a literal'],
    ['{{ x | as_text }}', { x: '5' }, '5'],
    ['{{ x }}-{{ x }}', { x: 1 }, '1-1'],
    ['{% if x %}{{ y }}{% endif %}', { x: true, y: [3] }, [3]],
    ['{% set y = 4 %}{{ y }}', {}, 4],
  ])('are what dbt makes of %s', (template, context, expected) => {
    expect(native(template, context)).toEqual(expected);
  });

  it.each([
    ["{{ 'yes' | as_bool }}", "could not convert 'yes' into type 'bool'"],
    ["{{ 'True' | as_number }}", "could not convert 'True' into type 'number'"],
  ])('are refused when they are not what was asked for: %s', (template, message) => {
    expect(() => native(template)).toThrow(message);
  });

  it('leave the wish aside where text is rendered', () => {
    expect(compileTemplate("{{ '5' | as_number }}", { path: 'a.sql' }).renderSync({})).toBe('5');
  });
});
