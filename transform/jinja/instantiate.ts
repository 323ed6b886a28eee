import { type Source, withinStack } from './errors.js';
import { runtime } from './runtime.js';

const names = Object.keys(runtime);
const values = Object.values(runtime);

/** Makes the function whose source codegen.ts writes. It sees the runtime and its source, and nothing around it. */
export function instantiate(write: () => string, source: Source): unknown {
  return withinStack(source, () => {
    // The only place where text becomes code: codegen.ts wrote it, and a template's text is a JSON literal in it.
    const make = new Function(...names, '$s', `"use strict";\nreturn (${write()});`);
    return make(...values, source);
  });
}
