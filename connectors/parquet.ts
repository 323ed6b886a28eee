import type { FileMetaData, SchemaElement } from 'hyparquet';
import type { Json } from '../kernel/json.js';

/**
 * The rows of a Parquet file as JSON objects, row group by row group. Exact: decimals are text, 64-bit integers are
 * numbers while they are safe and text beyond, times are ISO in UTC with microseconds, text columns that are declared
 * as JSON are what they say. Throws an Error that says what is wrong with the file.
 */
export async function* parquetRows(bytes: Buffer): AsyncGenerator<Json[]> {
  const [{ parquetMetadataAsync, parquetReadObjects }, { compressors }] = await Promise.all([
    import('hyparquet'),
    import('hyparquet-compressors'),
  ]);
  const file = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length) as ArrayBuffer;
  const metadata = await parquetMetadataAsync(file);
  const scales = takeDecimals(metadata);
  let rowStart = 0;
  for (const group of metadata.row_groups) {
    const rowEnd = rowStart + Number(group.num_rows);
    const rows = await parquetReadObjects({ file, metadata, rowStart, rowEnd, compressors, parsers });
    yield rows.map((row) => toJson(row, scales));
    rowStart = rowEnd;
  }
}

/** `date` columns and times keep all their digits. */
const parsers = {
  dateFromDays: (days: number) => new Date(days * 86_400_000).toISOString().slice(0, 10),
  timestampFromMilliseconds: (millis: bigint) => instantText(BigInt(millis) * 1000n),
  timestampFromMicroseconds: (micros: bigint) => instantText(BigInt(micros)),
  timestampFromNanoseconds: (nanos: bigint) => instantText(BigInt(nanos) / 1000n),
};

function instantText(micros: bigint): string {
  const rest = ((micros % 1_000_000n) + 1_000_000n) % 1_000_000n;
  const seconds = new Date(Number((micros - rest) / 1000n)).toISOString().slice(0, 19);
  return `${seconds}.${String(rest).padStart(6, '0')}Z`;
}

/** Scale of each decimal, by the column's path. A tree, as columns may be structs. */
type Scales = { [name: string]: number | Scales };

/**
 * Notes the decimals and takes their mark away: the library would make floating point of them, and without the mark
 * it hands out the unscaled integer.
 */
function takeDecimals(metadata: FileMetaData): Scales {
  const elements = metadata.schema.values();
  const read = (count: number): Scales => {
    const scales: Scales = {};
    for (let child = 0; child < count; child++) {
      const element = elements.next().value as SchemaElement;
      if (element.num_children) scales[element.name] = read(element.num_children);
      else if (element.converted_type === 'DECIMAL' || element.logical_type?.type === 'DECIMAL') {
        if (element.type === 'BYTE_ARRAY') {
          throw new Error(`column ${element.name} is a decimal of variable length, which cannot be read exactly`);
        }
        scales[element.name] = element.scale ?? 0;
        delete element.converted_type;
        delete element.logical_type;
      }
    }
    return scales;
  };
  return read((elements.next().value as SchemaElement).num_children ?? 0);
}

function toJson(value: unknown, scales: number | Scales | undefined): Json {
  if (value === null || value === undefined) return null;
  if (typeof scales === 'number') return decimalText(unscaled(value), scales);
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value);
  if (typeof value !== 'object') return value as Json;
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64');
  if (Array.isArray(value)) return value.map((element) => toJson(element, undefined));
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, toJson(inner, scales?.[name])]));
}

function unscaled(value: unknown): bigint {
  if (!(value instanceof Uint8Array)) return BigInt(value as number | bigint);
  const digits = value.reduce((sum, byte) => sum * 256n + BigInt(byte), 0n);
  return BigInt.asIntN(value.length * 8, digits);
}

function decimalText(digits: bigint, scale: number): string {
  const text = String(digits < 0n ? -digits : digits).padStart(scale + 1, '0');
  const whole = text.slice(0, text.length - scale);
  return `${digits < 0n ? '-' : ''}${whole}${scale > 0 ? `.${text.slice(-scale)}` : ''}`;
}
