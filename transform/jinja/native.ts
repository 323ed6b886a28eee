import { RuntimeFault } from './errors.js';
import { readLiteral } from './literal.js';
import { numberOf } from './operators.js';
import { str } from './text.js';
import { HostObject } from './values.js';

/** A text with a wish for what a native rendering makes of it; prints as the text. */
abstract class Marker extends HostObject {
  readonly text: string;

  constructor(text: string) {
    super();
    this.text = text;
  }

  getAttribute(): unknown {
    return undefined;
  }

  override equals(other: unknown): boolean {
    return (other instanceof Marker ? other.text : other) === this.text;
  }

  override get truthy(): boolean {
    return this.text !== '';
  }

  override get typeName(): string {
    return 'str';
  }

  override toString(): string {
    return this.text;
  }
}

/** `| as_text`: stays text. */
export class TextMarker extends Marker {}
/** `| as_native`: is read as a Python literal, when it is one. */
export class NativeMarker extends Marker {}
/** `| as_bool`: has to be True or False. */
export class BoolMarker extends NativeMarker {}
/** `| as_number`: has to be a number. */
export class NumberMarker extends NativeMarker {}

/** What a native rendering gives for the values that a template wrote: one value as it is, several as text. */
export function nativeResult(values: unknown[]): unknown {
  if (values.length === 0) return '';
  if (values.length > 1) return values.map(str).join('');
  const [value] = values;
  if (value instanceof TextMarker) return value.text;
  if (!(value instanceof NativeMarker)) return value;
  const literal = readLiteral(value.text);
  const result = literal ? literal.value : value.text;
  if (value instanceof BoolMarker && typeof result !== 'boolean')
    throw new RuntimeFault(`could not convert '${value.text}' into type 'bool'`);
  if (value instanceof NumberMarker && (typeof result === 'boolean' || numberOf(result) === undefined))
    throw new RuntimeFault(`could not convert '${value.text}' into type 'number'`);
  return result;
}
