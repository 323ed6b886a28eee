import type { Source } from './errors.js';
import { runtime } from './runtime.js';

const names = Object.keys(runtime);
const values = Object.values(runtime);

/** Makes the function whose source codegen.ts wrote. It sees the runtime and its source, and nothing around it. */
export function instantiate(code: string, source: Source): unknown {
  // The only place where text becomes code: `code` is written by codegen.ts, where a template's text is a JSON literal.
  const make = new Function(...names, '$s', `"use strict";\nreturn ${code};`);
  return make(...values, source);
}
