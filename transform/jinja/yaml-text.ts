import { parseDocument, stringify } from 'yaml';
import { fromHost, toHost } from './convert.js';
import { RuntimeFault } from './errors.js';
import { repr } from './text.js';

/** YAML read as dbt's `fromyaml`; gives `preset` for a text that is no YAML, when a preset is given. */
export function fromYamlText(value: unknown, preset: unknown): unknown {
  if (typeof value !== 'string') {
    if (preset !== undefined) return preset;
    throw new RuntimeFault(`fromyaml() needs text, got ${repr(value)}`);
  }
  const document = parseDocument(value, { version: '1.1', merge: true });
  const [fault] = document.errors;
  if (!fault) return fromHost(document.toJS({ maxAliasCount: 100 }));
  if (preset !== undefined) return preset;
  throw new RuntimeFault(`fromyaml(): ${fault.message}`);
}

/** YAML as dbt's `toyaml` writes it. */
export function toYamlText(value: unknown, preset: unknown): unknown {
  try {
    return stringify(toHost(value), { indentSeq: false, lineWidth: 80, version: '1.1' });
  } catch (error) {
    if (preset !== undefined) return preset;
    throw new RuntimeFault(`toyaml(): ${(error as Error).message}`);
  }
}
