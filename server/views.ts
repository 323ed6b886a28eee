import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import ejs from 'ejs';
import { escapeHtml, Html } from './html.js';

/**
 * The EJS templates, compiled once. A template sees two names: `v`, its view model, and `h`, the helpers of the page.
 * Values are escaped by `<%= %>` unless they are Html, so `<%-` never occurs (a test holds the templates to it).
 */
export interface Views {
  /** Renders `pages/home` or `partials/state` with its view model. */
  render(name: string, view: object, helpers: object): Html;
}

export function loadViews(folder: string): Views {
  const templates = new Map<string, (scope: object) => string>();
  for (const entry of readdirSync(folder, { withFileTypes: true, recursive: true })) {
    if (!entry.isFile() || !entry.name.endsWith('.ejs')) continue;
    const path = join(entry.parentPath, entry.name);
    const name = relative(folder, path)
      .replaceAll('\\', '/')
      .replace(/\.ejs$/, '');
    templates.set(
      name,
      ejs.compile(readFileSync(path, 'utf8'), {
        filename: path,
        strict: true,
        destructuredLocals: ['v', 'h'],
        escape: escapeHtml,
      }),
    );
  }
  return {
    render(name, view, helpers) {
      const template = templates.get(name);
      if (!template) throw new Error(`there is no template views/${name}.ejs`);
      return new Html(template({ v: view, h: helpers }));
    },
  };
}
