import { chmodSync, existsSync, rmSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { type ErrorCode, errorTable, MillraceError } from '../kernel/errors.js';
import type { Json, JsonObject } from '../kernel/json.js';

/**
 * How commands speak to a running server: one JSON line there, one JSON line back, over a Unix socket in the data
 * folder that only its owner may open. Whoever can open it could read and write the folder itself, so it asks for no
 * password.
 */
export type ControlMethods = Record<string, (params: JsonObject) => Promise<Json>>;

type Answer = { ok: true; value: Json } | { ok: false; code: string | null; message: string; hint: string | null };

const requestBytesMax = 4 * 1024 * 1024;

/** Answers the methods until it is closed. A socket file that a killed server left is replaced. */
export async function openControlSocket(path: string, methods: ControlMethods): Promise<{ close(): Promise<void> }> {
  rmSync(path, { force: true });
  const open = new Set<Socket>();
  const server = createServer((socket) => {
    open.add(socket);
    socket.on('close', () => open.delete(socket));
    socket.on('error', () => socket.destroy()); // The command was interrupted: nobody waits for the answer.
    readLine(socket)
      .then((line) => answer(line, methods))
      .then((reply) => socket.end(`${JSON.stringify(reply)}\n`))
      .catch(() => socket.destroy()); // It sent no line: there is nothing to answer.
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, resolve);
  });
  chmodSync(path, 0o600);
  return {
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of open) socket.destroy();
      }),
  };
}

/** Asks the running server. Throws what the method threw, or SERVER_UNREACHABLE when none answers. */
export async function askServer(path: string, method: string, params: JsonObject = {}): Promise<Json> {
  if (!existsSync(path)) throw notRunning();
  const socket = connect(path);
  const line = await new Promise<string>((resolve, reject) => {
    socket.once('error', () => reject(notRunning()));
    socket.once('connect', () => {
      socket.write(`${JSON.stringify({ method, params })}\n`);
      readLine(socket).then(resolve, reject);
    });
  });
  socket.destroy();
  const reply = JSON.parse(line) as Answer;
  if (reply.ok) return reply.value;
  const code = reply.code !== null && reply.code in errorTable ? (reply.code as ErrorCode) : 'INTERNAL';
  throw new MillraceError(code, reply.message, reply.hint === null ? {} : { hint: reply.hint });
}

function notRunning(): MillraceError {
  return new MillraceError('SERVER_UNREACHABLE', 'No Millrace is running on this data folder.', {
    hint: 'Start one with `millrace standalone`, or set MILLRACE_HOME to the folder of the one that runs.',
  });
}

async function answer(line: string, methods: ControlMethods): Promise<Answer> {
  try {
    const { method, params } = JSON.parse(line) as { method: string; params: JsonObject };
    const perform = Object.hasOwn(methods, method) ? methods[method] : undefined;
    if (!perform) {
      throw new MillraceError('REQUEST_INVALID', `The server has no command ${method}.`, {
        hint: 'Are the command and the server of the same version?',
      });
    }
    return { ok: true, value: await perform(params) };
  } catch (thrown) {
    const known = thrown instanceof MillraceError ? thrown : undefined;
    const message = thrown instanceof Error ? thrown.message : String(thrown);
    return { ok: false, code: known?.code ?? null, message, hint: known?.hint ?? null };
  }
}

function readLine(socket: Socket): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    socket.on('data', (chunk: Buffer) => {
      const end = chunk.indexOf(10);
      chunks.push(end === -1 ? chunk : chunk.subarray(0, end));
      bytes += chunk.length;
      if (end !== -1) resolve(Buffer.concat(chunks).toString('utf8'));
      else if (bytes > requestBytesMax) reject(new Error(`a request has at most ${requestBytesMax} bytes`));
    });
    socket.once('close', () => reject(new Error('the connection closed in the middle of a line')));
  });
}
