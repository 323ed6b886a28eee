import type { Json, JsonObject } from '../../kernel/json.js';

/** One field of the form that a params schema describes. */
export interface ParamField {
  name: string;
  title: string;
  description: string;
  kind: 'text' | 'long' | 'number' | 'integer' | 'boolean' | 'choice' | 'choices' | 'list' | 'json' | 'date' | 'time';
  /** What stands beside the name: `integer 1–5,000`. */
  typeWords: string;
  required: boolean;
  choices: Json[];
  minimum: number | null;
  maximum: number | null;
  pattern: string | null;
  value: Json | undefined;
  /** The value as the text of an input. */
  text: string;
}

/** The fields of an object schema, filled with the given values, else with the defaults. */
export function paramFields(schema: JsonObject | null, values: JsonObject): ParamField[] {
  const properties = objectOf(schema?.['properties']);
  const required = Array.isArray(schema?.['required']) ? schema['required'] : [];
  return Object.entries(properties).map(([name, property]) => {
    const rule = objectOf(property);
    const value = values[name] ?? rule['default'];
    const kind = kindOf(rule);
    return {
      name,
      title: typeof rule['title'] === 'string' ? rule['title'] : name,
      description: typeof rule['description'] === 'string' ? rule['description'] : '',
      kind,
      typeWords: typeWords(rule, kind),
      required: required.includes(name) && !nullable(rule),
      choices: choicesOf(rule),
      minimum: numberOf(rule['minimum']),
      maximum: numberOf(rule['maximum']),
      pattern: typeof rule['pattern'] === 'string' ? rule['pattern'] : null,
      value,
      text: textOf(value, kind),
    };
  });
}

/** Reads a submitted form back into a conf. A field that cannot be read stays as text: the schema's check names it. */
export function readParams(fields: ParamField[], form: Record<string, unknown>): JsonObject {
  const conf: JsonObject = {};
  for (const field of fields) {
    const given = form[`param.${field.name}`];
    if (field.kind === 'boolean') conf[field.name] = given !== undefined;
    else if (field.kind === 'choices') conf[field.name] = listOf(given).map((text) => parseChoice(field, text));
    else if (typeof given === 'string' && given !== '') conf[field.name] = parseText(field, given);
    else if (field.required || field.value !== undefined) {
      if (field.required) conf[field.name] = '';
    }
  }
  return conf;
}

function parseText(field: ParamField, text: string): Json {
  switch (field.kind) {
    case 'number':
    case 'integer': {
      const value = Number(text);
      return Number.isFinite(value) && text.trim() !== '' ? value : text;
    }
    case 'choice':
      return parseChoice(field, text);
    case 'list':
      return text
        .split('\n')
        .map((line) => line.trim())
        .filter((line) => line !== '');
    case 'json':
      try {
        return JSON.parse(text) as Json;
      } catch {
        // Not JSON: the check against the schema says so with the field's name.
        return text;
      }
    default:
      return text;
  }
}

function parseChoice(field: ParamField, text: string): Json {
  return field.choices.find((choice) => String(choice) === text) ?? text;
}

function kindOf(rule: JsonObject): ParamField['kind'] {
  const items = objectOf(rule['items']);
  if (Array.isArray(rule['enum'])) return 'choice';
  switch (typesOf(rule)[0]) {
    case 'boolean':
      return 'boolean';
    case 'integer':
      return 'integer';
    case 'number':
      return 'number';
    case 'array':
      if (Array.isArray(items['enum'])) return 'choices';
      return typesOf(items)[0] === 'string' ? 'list' : 'json';
    case 'string':
      if (rule['format'] === 'date') return 'date';
      if (rule['format'] === 'date-time') return 'time';
      return rule['format'] === 'multiline' || (numberOf(rule['maxLength']) ?? 0) > 200 ? 'long' : 'text';
    default:
      return 'json';
  }
}

function choicesOf(rule: JsonObject): Json[] {
  if (Array.isArray(rule['enum'])) return rule['enum'];
  const items = objectOf(rule['items']);
  return Array.isArray(items['enum']) ? items['enum'] : [];
}

function typeWords(rule: JsonObject, kind: ParamField['kind']): string {
  const words =
    kind === 'choice' ? 'choice' : kind === 'choices' || kind === 'list' ? 'list' : (typesOf(rule)[0] ?? 'any');
  const [low, high] = [numberOf(rule['minimum']), numberOf(rule['maximum'])];
  const range =
    low !== null && high !== null
      ? ` ${low}–${high.toLocaleString('en-US')}`
      : low !== null
        ? ` from ${low}`
        : high !== null
          ? ` up to ${high}`
          : '';
  return `${words}${range}${nullable(rule) ? ' · optional' : ''}`;
}

function typesOf(rule: JsonObject): string[] {
  const type = rule['type'];
  const list = Array.isArray(type) ? type : [type];
  return list.filter((name): name is string => typeof name === 'string' && name !== 'null');
}

function nullable(rule: JsonObject): boolean {
  return Array.isArray(rule['type']) && rule['type'].includes('null');
}

function textOf(value: Json | undefined, kind: ParamField['kind']): string {
  if (value === undefined || value === null) return '';
  if (kind === 'list' && Array.isArray(value)) return value.map(String).join('\n');
  return typeof value === 'object' ? JSON.stringify(value, null, 2) : String(value);
}

function listOf(given: unknown): string[] {
  return Array.isArray(given) ? given.map(String) : typeof given === 'string' ? [given] : [];
}

function objectOf(value: Json | undefined): JsonObject {
  return value !== null && typeof value === 'object' && !Array.isArray(value) ? value : {};
}

function numberOf(value: Json | undefined): number | null {
  return typeof value === 'number' ? value : null;
}
