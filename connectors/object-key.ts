import { MillraceError } from '../kernel/errors.js';

/** Byte order of UTF-8, the order in which object stores list; `<` on strings differs from it beyond U+FFFF only. */
export function compareKeys(a: string, b: string): number {
  if (surrogates.test(a) || surrogates.test(b)) return Buffer.compare(Buffer.from(a), Buffer.from(b));
  return a < b ? -1 : a > b ? 1 : 0;
}

const surrogates = /[\ud800-\udfff]/;

/** Throws OBJECT_KEY_INVALID unless the key names an object in every kind of store, and nothing outside a folder. */
export function checkObjectKey(key: string): void {
  const fault = faultOf(key);
  if (fault === undefined) return;
  throw new MillraceError('OBJECT_KEY_INVALID', `the object key ${JSON.stringify(key.slice(0, 200))} ${fault}.`, {
    hint: 'A key is made of names divided by "/", at most 1,024 bytes in all and 255 each.',
  });
}

function faultOf(key: string): string | undefined {
  if (key === '') return 'is empty';
  if (Buffer.byteLength(key) > 1024) return 'is longer than 1,024 bytes';
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused
  if (/[\u0000-\u001f\u007f\\]/.test(key)) return 'has a control character or a backslash';
  if (/\p{Surrogate}/u.test(key)) return 'is no well-formed Unicode';
  const names = key.split('/');
  if (names.includes('')) return 'has an empty name between its slashes';
  if (names.includes('.') || names.includes('..')) return 'has "." or ".." as a name';
  if (names[0] === temporaryFolder) return `begins with ${temporaryFolder}, which is where unfinished objects lie`;
  if (names.some((name) => Buffer.byteLength(name) > 255)) return 'has a name longer than 255 bytes';
  return undefined;
}

/** Where a store in a folder keeps what is not whole yet. */
export const temporaryFolder = '.unfinished';
