import type { Json } from '../../kernel/json.js';
import { isSensitiveName, type SecretMasker } from '../../kernel/secret-masker.js';

/** Tells the masker what is secret in a connection: its password, the passwords in its URLs, what its extra calls a secret. */
export function maskConnection(
  masker: SecretMasker,
  connection: { password?: string | null; host?: string | null; extra?: Json },
): void {
  const { password, host, extra } = connection;
  masker.add(password);
  masker.addUrl(host);
  if (typeof extra !== 'string') masker.addSensitive(extra ?? null);
  else maskText(masker, extra, true);
}

/** Tells the masker the value of a variable whose key is sensitive, and what such names hold within its JSON. */
export function maskVariable(masker: SecretMasker, key: string, value: string): void {
  if (isSensitiveName(key)) masker.add(value);
  maskText(masker, value, false, isSensitiveName(key));
}

/** What is no JSON is a secret as a whole, or none. */
function maskText(masker: SecretMasker, text: string, isSecretIfPlain: boolean, isSecret = false): void {
  try {
    masker.addSensitive(JSON.parse(text) as Json, isSecret);
  } catch {
    if (isSecretIfPlain) masker.add(text);
  }
}
