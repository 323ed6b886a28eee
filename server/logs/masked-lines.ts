import type { SecretMasker } from '../../kernel/secret-masker.js';

/** A line is masked as a whole, however the file came in; a longer one than this in parts. */
const lineCharsMax = 1024 * 1024;

/** Passes a text on line by line, with the secrets in it masked. */
export function maskedLines(masker: SecretMasker): (source: AsyncIterable<string>) => AsyncIterable<string> {
  return async function* (source) {
    let rest = '';
    for await (const piece of source) {
      rest += piece;
      const end = rest.length > lineCharsMax ? rest.length : rest.lastIndexOf('\n') + 1;
      yield masker.mask(rest.slice(0, end));
      rest = rest.slice(end);
    }
    yield masker.mask(rest);
  };
}
