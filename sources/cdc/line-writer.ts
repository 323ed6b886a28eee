/**
 * Bytes of JSON lines, written in place: no string is built on the way from the wire to the object. Callers reserve
 * room for what they are about to write; the write methods do not check.
 */
export class LineWriter {
  bytes: Buffer;
  length = 0;

  constructor(capacity: number) {
    this.bytes = Buffer.allocUnsafe(capacity);
  }

  reserve(count: number): void {
    const needed = this.length + count;
    if (needed <= this.bytes.length) return;
    const grown = Buffer.allocUnsafe(Math.max(needed, this.bytes.length * 2));
    this.bytes.copy(grown, 0, 0, this.length);
    this.bytes = grown;
  }

  writeByte(byte: number): void {
    this.bytes[this.length++] = byte;
  }

  /** Up to 32 bytes a loop is faster than the call into native code. */
  writeBytes(source: Buffer, start = 0, end = source.length): void {
    const { bytes } = this;
    let at = this.length;
    if (end - start <= 32) {
      for (let i = start; i < end; i++) bytes[at++] = source[i] as number;
      this.length = at;
      return;
    }
    source.copy(bytes, at, start, end);
    this.length = at + end - start;
  }

  writeAscii(text: string): void {
    this.length += this.bytes.write(text, this.length, 'latin1');
  }

  /** A whole number from 0 to 2^53. */
  writeInteger(value: number): void {
    if (value < 10) {
      this.bytes[this.length++] = 48 + value;
      return;
    }
    this.writeAscii(String(value));
  }

  /** A JSON string, quotes included, of a text in UTF-8. Reserve `jsonStringBytesMax` first. */
  writeJsonString(source: Buffer, start: number, end: number): void {
    const { bytes } = this;
    let at = this.length;
    bytes[at++] = quote;
    for (let i = start; i < end; i++) {
      const byte = source[i] as number;
      if (byte >= 0x20 && byte !== quote && byte !== backslash) {
        bytes[at++] = byte;
        continue;
      }
      at = writeEscape(bytes, at, byte);
    }
    bytes[at++] = quote;
    this.length = at;
  }

  /** What was written so far; the writer starts afresh with a buffer of its own. */
  take(capacity: number): Buffer {
    const taken = this.bytes.subarray(0, this.length);
    this.bytes = Buffer.allocUnsafe(capacity);
    this.length = 0;
    return taken;
  }
}

const quote = 0x22;
const backslash = 0x5c;
const shortEscapes: Record<number, number> = { 8: 0x62, 9: 0x74, 10: 0x6e, 12: 0x66, 13: 0x72, 34: 0x22, 92: 0x5c };
const hexDigits = '0123456789abcdef';

/** The most bytes that `writeJsonString` needs: exact for long texts, so that a value of 10 MB does not ask for 60. */
export function jsonStringBytesMax(source: Buffer, start: number, end: number): number {
  const length = end - start;
  if (length <= 1024) return length * 6 + 2;
  let needed = length + 2;
  for (let i = start; i < end; i++) {
    const byte = source[i] as number;
    if (byte < 0x20) needed += 5;
    else if (byte === quote || byte === backslash) needed += 1;
  }
  return needed;
}

function writeEscape(bytes: Buffer, at: number, byte: number): number {
  bytes[at++] = backslash;
  const short = shortEscapes[byte];
  if (short !== undefined) {
    bytes[at++] = short;
    return at;
  }
  bytes[at++] = 0x75;
  bytes[at++] = 48;
  bytes[at++] = 48;
  bytes[at++] = hexDigits.charCodeAt(byte >> 4);
  bytes[at++] = hexDigits.charCodeAt(byte & 15);
  return at;
}
