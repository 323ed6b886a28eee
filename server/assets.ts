import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { extname, join, relative } from 'node:path';
import type { RequestHandler } from 'express';

const contentTypes: Record<string, string> = {
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/**
 * The static files, read once. Their common content hash stands in the path, so that each URL is immutable and
 * relative references between the files (CSS to glyphs, modules to modules) need no rewriting.
 */
export interface Assets {
  /** The path of a file for a page: `/static/<hash>/app.css`. */
  path(name: string): string;
  serve: RequestHandler;
}

export function loadAssets(folder: string): Assets {
  const files = new Map<string, { body: Buffer; type: string }>();
  const hash = createHash('sha256');
  for (const entry of readdirSync(folder, { withFileTypes: true, recursive: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    const name = relative(folder, path).replaceAll('\\', '/');
    const type = contentTypes[extname(name)];
    if (!type) continue;
    files.set(name, { body: readFileSync(path), type });
  }
  for (const name of [...files.keys()].sort()) hash.update(name).update(files.get(name)?.body ?? '');
  const version = hash.digest('hex').slice(0, 12);
  return {
    path: (name) => `/static/${version}/${name}`,
    serve: (request, response, next) => {
      const [, root, requested, ...rest] = request.path.split('/');
      const file = root === 'static' ? files.get(rest.join('/')) : undefined;
      if (!file) return next();
      const lifetime = requested === version ? 'public, max-age=31536000, immutable' : 'no-cache';
      response.set('Cache-Control', lifetime).type(file.type).send(file.body);
    },
  };
}
