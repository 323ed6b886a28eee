import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import type { Request, Response } from 'express';

const compressFromBytes = 1400;
const brotli = promisify(brotliCompress);
const zip = promisify(gzip);

/** Sends text, compressed when the client can read it and it is worth it. */
export async function sendText(request: Request, response: Response, type: string, text: string): Promise<void> {
  response.type(type).vary('Accept-Encoding');
  const body = Buffer.from(text);
  const encoding = body.length < compressFromBytes ? undefined : request.acceptsEncodings('br', 'gzip');
  if (encoding === 'br') {
    const packed = await brotli(body, {
      params: { [constants.BROTLI_PARAM_QUALITY]: 4, [constants.BROTLI_PARAM_SIZE_HINT]: body.length },
    });
    response.set('Content-Encoding', 'br').send(packed);
  } else if (encoding === 'gzip') response.set('Content-Encoding', 'gzip').send(await zip(body, { level: 6 }));
  else response.send(body);
}
