import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { compileTemplate, hostFunction, library, TemplateError } from '../../../transform/jinja/index.js';

interface Case {
  template: string;
  out?: string;
  /** Jinja2's error. Ours has to be one too, with a place. */
  error?: string;
}

/** Written by hand, and drawn at random: expected.py says how the outputs were made. */
const cases = ['language.json', 'expressions.json'].flatMap(
  (file) => JSON.parse(readFileSync(new URL(`../../golden/jinja/${file}`, import.meta.url), 'utf8')) as Case[],
);

const context = () => ({
  ...library(),
  rows: [
    { name: 'b', n: 2 },
    { name: 'A', n: 1 },
    { name: 'c', n: 2 },
  ],
  tree: [
    { name: 'a', children: [{ name: 'b', children: [] }] },
    { name: 'c', children: [] },
  ],
  known: hostFunction(() => 1),
});

describe.each(['sync', 'async'] as const)('the language, rendered %s', (mode) => {
  it.each(cases.map((each) => [each.template, each] as const))('is Jinja2: %s', async (_template, each) => {
    const render = async () => {
      const template = compileTemplate(each.template, { path: 'case.sql' });
      return mode === 'sync' ? template.renderSync(context()) : await template.render(context());
    };
    if (each.error === undefined) return expect(await render()).toBe(each.out);
    const error = await render().then(
      (out) => `rendered ${JSON.stringify(out)}`,
      (thrown: unknown) => thrown,
    );
    expect(error).toBeInstanceOf(TemplateError);
    expect((error as TemplateError).message).toMatch(/^case\.sql:\d+:\d+: .+\n {2}\d+ \| /);
  });
});
