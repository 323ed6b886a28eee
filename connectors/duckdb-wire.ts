import type { Socket } from 'node:net';
import type { DuckdbResult } from './duckdb-engine.js';

/** What a client asks of the host of a database. One socket is one session. */
export type DuckdbRequest = { id: number; sql: string } | { id: number; lock: string | null } | { interrupt: number };

/** What the host answers. Rows come in parts, so that no line grows beyond reason. */
export type DuckdbAnswer =
  | { id: number; rows: unknown[][] }
  | { id: number; result: Omit<DuckdbResult, 'rows'> }
  | { id: number; error: string };

/** Rows in one line of the wire. */
export const rowsPerLine = 1000;

/** Sends one message. Resolves when the other side is ready for more. */
export async function send(socket: Socket, message: DuckdbRequest | DuckdbAnswer): Promise<void> {
  if (socket.destroyed || socket.write(`${JSON.stringify(message)}\n`)) return;
  await new Promise<void>((resolve) => {
    const settle = () => {
      socket.off('drain', settle);
      socket.off('close', settle);
      resolve();
    };
    socket.on('drain', settle);
    socket.on('close', settle);
  });
}

/** Calls back for every message that arrives. */
export function onMessage<Message>(socket: Socket, receive: (message: Message) => void): void {
  let parts: string[] = [];
  socket.setEncoding('utf8');
  socket.on('data', (chunk: string) => {
    let from = 0;
    for (let end = chunk.indexOf('\n'); end !== -1; end = chunk.indexOf('\n', from)) {
      parts.push(chunk.slice(from, end));
      const line = parts.join('');
      parts = [];
      from = end + 1;
      receive(JSON.parse(line) as Message);
    }
    if (from < chunk.length) parts.push(chunk.slice(from));
  });
}
