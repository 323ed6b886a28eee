import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';
import { MillraceError } from '../../kernel/errors.js';

/** Encrypts what is secret in the store. */
export interface Vault {
  seal(plain: string): string;
  open(sealed: string): string;
}

const version = 'v1';
const nonceBytes = 12;

/**
 * AES-256-GCM under a key of 32 bytes or more (hashed to its size). A sealed text is `v1:key id:nonce:tag:data`; the
 * key id says which key opens it, so that the wrong key is told from a damaged text. Throws VAULT_LOCKED.
 */
export function createVault(secret: string): Vault {
  const key = createHash('sha256').update(`millrace vault ${secret}`).digest();
  const keyId = createHash('sha256').update(key).digest('hex').slice(0, 8);
  return {
    seal(plain) {
      const nonce = randomBytes(nonceBytes);
      const cipher = createCipheriv('aes-256-gcm', key, nonce);
      const data = Buffer.concat([cipher.update(plain, 'utf8'), cipher.final()]);
      return [version, keyId, ...[nonce, cipher.getAuthTag(), data].map((part) => part.toString('base64url'))].join(
        ':',
      );
    },
    open(sealed) {
      const [format, id, nonce, tag, data] = sealed.split(':');
      if (format !== version || nonce === undefined || tag === undefined || data === undefined) {
        throw new MillraceError('VAULT_LOCKED', 'a secret in the store is not in a form that this program knows');
      }
      if (id !== keyId) {
        throw new MillraceError(
          'VAULT_LOCKED',
          `a secret in the store was sealed with the key ${id}, not with ${keyId}`,
          {
            hint: 'Set MILLRACE_SECRET_KEY to the key that it was sealed with, or enter the secret again.',
          },
        );
      }
      return decrypt(key, { nonce, tag, data });
    },
  };
}

function decrypt(key: Buffer, parts: { nonce: string; tag: string; data: string }): string {
  try {
    const decipher = createDecipheriv('aes-256-gcm', key, Buffer.from(parts.nonce, 'base64url'));
    decipher.setAuthTag(Buffer.from(parts.tag, 'base64url'));
    return decipher.update(Buffer.from(parts.data, 'base64url'), undefined, 'utf8') + decipher.final('utf8');
  } catch (cause) {
    throw new MillraceError('VAULT_LOCKED', 'a secret in the store has been damaged', {
      hint: 'Enter it again.',
      cause,
    });
  }
}
