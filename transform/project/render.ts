import type { Json, JsonObject } from '../../kernel/json.js';
import { type ContextLike, compileTemplate, toHost } from '../jinja/index.js';
import { isObject } from './yaml.js';

/** Renders the templates in a YAML value, natively: a text that is one expression becomes its value. `keep` names keys left as written. */
export function renderYaml(
  value: Json,
  context: ContextLike,
  path: string,
  keep?: (keys: string[]) => boolean,
  keys: string[] = [],
): Json {
  if (keep?.(keys)) return value;
  if (typeof value === 'string')
    return hasTemplate(value) ? (toHost(compileTemplate(value, { path }).renderNative(context)) as Json) : value;
  if (Array.isArray(value)) return value.map((item) => renderYaml(item, context, path, keep, keys));
  if (!isObject(value)) return value;
  const rendered: JsonObject = {};
  for (const [key, item] of Object.entries(value))
    rendered[key] = renderYaml(item, context, path, keep, [...keys, key]);
  return rendered;
}

export function hasTemplate(text: string): boolean {
  return text.includes('{{') || text.includes('{%') || text.includes('{#');
}
