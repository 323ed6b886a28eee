/** The part of tar-stream 2 that is used here; the package brings no types. */
declare module 'tar-stream' {
  import type { Readable, Writable } from 'node:stream';

  export interface Header {
    name: string;
    size?: number;
    mode?: number;
    mtime?: Date;
    type?: 'file' | 'directory' | 'symlink' | 'link';
  }
  export interface Pack extends Readable {
    entry(header: Header, callback: (error?: Error | null) => void): Writable;
    finalize(): void;
  }
  export interface Extract extends Writable {
    on(
      event: 'entry',
      listener: (header: Header, stream: Readable, next: (error?: Error | null) => void) => void,
    ): this;
    // biome-ignore lint/suspicious/noExplicitAny: the other events of a stream
    on(event: string, listener: (...args: any[]) => void): this;
  }
  export function pack(): Pack;
  export function extract(): Extract;
}
