import { MillraceError } from '../../kernel/errors.js';

/**
 * A log sequence number: a byte offset in the write-ahead log. A plain number, exact up to 2^53 (8 PiB of log); reading
 * one beyond that is an error instead of a rounded position.
 */
export type Lsn = number;

/** `0/16B3748`, as PostgreSQL writes it. */
export function formatLsn(lsn: Lsn): string {
  return `${Math.floor(lsn / 0x1_0000_0000)
    .toString(16)
    .toUpperCase()}/${(lsn % 0x1_0000_0000).toString(16).toUpperCase()}`;
}

/** Throws CDC_PROTOCOL when the text is no LSN. */
export function parseLsn(text: string): Lsn {
  const match = /^([0-9a-f]{1,8})\/([0-9a-f]{1,8})$/i.exec(text);
  if (!match) throw new MillraceError('CDC_PROTOCOL', `expected an LSN such as 0/16B3748, got ${JSON.stringify(text)}`);
  return exact(Number.parseInt(match[1] as string, 16), Number.parseInt(match[2] as string, 16));
}

export function readLsn(bytes: Buffer, at: number): Lsn {
  return exact(bytes.readUInt32BE(at), bytes.readUInt32BE(at + 4));
}

export function writeLsn(bytes: Buffer, at: number, lsn: Lsn): void {
  bytes.writeUInt32BE(Math.floor(lsn / 0x1_0000_0000), at);
  bytes.writeUInt32BE(lsn % 0x1_0000_0000, at + 4);
}

function exact(high: number, low: number): Lsn {
  const lsn = high * 0x1_0000_0000 + low;
  if (Number.isSafeInteger(lsn)) return lsn;
  throw new MillraceError('CDC_PROTOCOL', `LSN ${high.toString(16)}/${low.toString(16)} lies beyond 2^53`);
}
