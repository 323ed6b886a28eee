import type { Request, Response } from 'express';

/** The cookies of a request by name. A value that is not valid percent-encoding is left as it is. */
export function cookiesOf(request: Request): Record<string, string> {
  const cookies: Record<string, string> = Object.create(null);
  for (const part of (request.headers.cookie ?? '').split(';')) {
    const at = part.indexOf('=');
    if (at < 0) continue;
    const name = part.slice(0, at).trim();
    const value = part.slice(at + 1).trim();
    if (!(name in cookies)) cookies[name] = decode(value);
  }
  return cookies;
}

/** Sets a cookie that scripts cannot read and other sites do not send along. */
export function setCookie(request: Request, response: Response, name: string, value: string, maxAgeMs?: number): void {
  response.cookie(name, value, {
    httpOnly: true,
    sameSite: 'lax',
    secure: request.secure,
    path: '/',
    ...(maxAgeMs === undefined ? {} : { maxAge: maxAgeMs }),
  });
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    // Anyone may send any bytes as a cookie; what cannot be decoded matches nothing.
    return text;
  }
}
