import { jsonStringBytesMax, type LineWriter } from './line-writer.js';

/** How the text form of a PostgreSQL value becomes JSON. */
export type ValueKind =
  | 'text'
  | 'integer'
  | 'boolean'
  | 'bigint'
  | 'plain'
  | 'timestamptz'
  | 'timestamp'
  | 'float'
  | 'bytea'
  | ArrayKind;

export interface ArrayKind {
  element: ValueKind;
  /** The byte between elements: a comma, except for `box`. */
  delimiter: number;
}

/** What the catalog says of a type that is not built in. */
export interface TypeShape {
  oid: number;
  /** The type below a domain, else 0. */
  baseOid: number;
  /** The type of an array's elements, else 0. */
  elementOid: number;
  delimiter: string;
}

/** Types whose text needs no escaping: numeric, uuid, date and times, money apart. */
const builtIn: ReadonlyMap<number, ValueKind> = new Map<number, ValueKind>([
  [16, 'boolean'],
  [17, 'bytea'],
  [20, 'bigint'],
  [21, 'integer'],
  [23, 'integer'],
  [26, 'integer'],
  [700, 'float'],
  [701, 'float'],
  [1082, 'plain'],
  [1083, 'plain'],
  [1114, 'timestamp'],
  [1184, 'timestamptz'],
  [1186, 'plain'],
  [1266, 'plain'],
  [1700, 'plain'],
  [2950, 'plain'],
]);

/** The kind of a type; `types` holds the domains and arrays of the database. Everything unknown is its text. */
export function valueKind(oid: number, types: ReadonlyMap<number, TypeShape>): ValueKind {
  const known = builtIn.get(oid);
  if (known) return known;
  const shape = types.get(oid);
  if (!shape) return 'text';
  if (shape.baseOid !== 0) return valueKind(shape.baseOid, types);
  if (shape.elementOid !== 0) {
    return { element: valueKind(shape.elementOid, types), delimiter: shape.delimiter.charCodeAt(0) };
  }
  return 'text';
}

/** Writes the text form of a value, `source[start, end)`, as JSON. Reserves the room that it needs. */
export function writeValue(kind: ValueKind, writer: LineWriter, source: Buffer, start: number, end: number): void {
  switch (kind) {
    case 'text':
      writer.reserve(jsonStringBytesMax(source, start, end));
      writer.writeJsonString(source, start, end);
      break;
    case 'integer':
      writer.reserve(end - start);
      writer.writeBytes(source, start, end);
      break;
    case 'plain':
      writeQuoted(writer, source, start, end);
      break;
    case 'timestamptz':
      writeTimestamp(writer, source, start, end, true);
      break;
    case 'timestamp':
      writeTimestamp(writer, source, start, end, false);
      break;
    case 'boolean':
      writer.reserve(5);
      writer.writeAscii(source[start] === 0x74 ? 'true' : 'false');
      break;
    case 'bigint':
      writeBigint(writer, source, start, end);
      break;
    case 'float':
      writeFloat(writer, source, start, end);
      break;
    case 'bytea':
      writeBase64(writer, source, start, end);
      break;
    default:
      writeArray(kind, writer, source, start, end);
      break;
  }
}

function writeQuoted(writer: LineWriter, source: Buffer, start: number, end: number): void {
  writer.reserve(end - start + 2);
  writer.writeByte(0x22);
  writer.writeBytes(source, start, end);
  writer.writeByte(0x22);
}

/** A number while every JSON reader takes it exactly, else a string. */
function writeBigint(writer: LineWriter, source: Buffer, start: number, end: number): void {
  if (end - start <= 15 || Number.isSafeInteger(Number(source.toString('latin1', start, end)))) {
    writer.reserve(end - start);
    writer.writeBytes(source, start, end);
    return;
  }
  writeQuoted(writer, source, start, end);
}

/** JSON has no NaN and no infinity: these become strings that PostgreSQL casts back. */
function writeFloat(writer: LineWriter, source: Buffer, start: number, end: number): void {
  const last = source[end - 1] as number;
  if (last < 48 || last > 57) {
    writeQuoted(writer, source, start, end);
    return;
  }
  writer.reserve(end - start);
  writer.writeBytes(source, start, end);
}

/**
 * `2026-01-02 03:04:05.5+00` -> `"2026-01-02T03:04:05.500000Z"`. Infinity, BC and years above 9999 keep a form that
 * PostgreSQL casts back to the same instant.
 */
function writeTimestamp(writer: LineWriter, source: Buffer, start: number, end: number, zoned: boolean): void {
  const clockEnd = zoned ? end - 3 : end;
  const common =
    end - start >= (zoned ? 22 : 19) &&
    source[start + 4] === 0x2d &&
    source[start + 10] === 0x20 &&
    (source[end - 1] as number) <= 57 &&
    (!zoned || (source[clockEnd] === 0x2b && source[end - 1] === 48 && source[end - 2] === 48));
  if (!common) {
    writeRareTimestamp(writer, source.toString('latin1', start, end), zoned);
    return;
  }
  writer.reserve(29);
  const { bytes } = writer;
  let at = writer.length;
  bytes[at++] = 0x22;
  for (let i = start; i < clockEnd; i++) bytes[at++] = source[i] as number;
  bytes[writer.length + 11] = 0x54;
  if (clockEnd - start === 19) bytes[at++] = 0x2e;
  for (const full = writer.length + 27; at < full; ) bytes[at++] = 48;
  if (zoned) bytes[at++] = 0x5a;
  bytes[at++] = 0x22;
  writer.length = at;
}

function writeRareTimestamp(writer: LineWriter, text: string, zoned: boolean): void {
  const match = /^(\d{4,})-(\d\d-\d\d) (\d\d:\d\d:\d\d)(?:\.(\d{1,6}))?(?:\+00)?( BC)?$/.exec(text);
  const iso = match
    ? `${match[1]}-${match[2]}T${match[3]}.${(match[4] ?? '').padEnd(6, '0')}${zoned ? 'Z' : ''}${match[5] ?? ''}`
    : text;
  writer.reserve(iso.length + 2);
  writer.writeAscii(`"${iso}"`);
}

/** `\x0102` -> base64, as Debezium does by default. */
function writeBase64(writer: LineWriter, source: Buffer, start: number, end: number): void {
  const bytes = Buffer.from(source.toString('latin1', start + 2, end), 'hex');
  writer.reserve(Math.ceil(bytes.length / 3) * 4 + 2);
  writer.writeByte(0x22);
  writer.writeAscii(bytes.toString('base64'));
  writer.writeByte(0x22);
}

const openBrace = 0x7b;
const closeBrace = 0x7d;
const quote = 0x22;
const backslash = 0x5c;

/** `{1,NULL,"a\"b"}` -> JSON, whatever the number of dimensions; bounds such as `[0:1]=` are left out. */
function writeArray(kind: ArrayKind, writer: LineWriter, source: Buffer, start: number, end: number): void {
  let at = source.indexOf(openBrace, start);
  while (at < end) {
    const byte = source[at] as number;
    writer.reserve(1);
    if (byte === openBrace) writer.writeByte(0x5b);
    else if (byte === closeBrace) writer.writeByte(0x5d);
    else if (byte === kind.delimiter) writer.writeByte(0x2c);
    else {
      at =
        byte === quote ? writeQuotedElement(kind, writer, source, at) : writeBareElement(kind, writer, source, at, end);
      continue;
    }
    at++;
  }
}

function writeBareElement(kind: ArrayKind, writer: LineWriter, source: Buffer, start: number, end: number): number {
  let at = start;
  while (at < end && source[at] !== kind.delimiter && source[at] !== closeBrace) at++;
  if (source.toString('latin1', start, at) === 'NULL') {
    writer.reserve(4);
    writer.writeAscii('null');
  } else {
    writeValue(kind.element, writer, source, start, at);
  }
  return at;
}

function writeQuotedElement(kind: ArrayKind, writer: LineWriter, source: Buffer, start: number): number {
  const element: number[] = [];
  let at = start + 1;
  while (source[at] !== quote) {
    if (source[at] === backslash) at++;
    element.push(source[at++] as number);
  }
  const bytes = Buffer.from(element);
  writeValue(kind.element, writer, bytes, 0, bytes.length);
  return at + 1;
}
