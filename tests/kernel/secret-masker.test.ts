import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isSensitiveName, masked, SecretMasker } from '../../kernel/secret-masker.js';

describe('the secret masker', () => {
  it('finds a secret in every form in which it gets into a text', () => {
    const secret = 'p@ss "word"/+é&ü\\x';
    const masker = new SecretMasker();
    masker.add(secret);
    const forms = [
      secret,
      JSON.stringify({ key: secret }),
      encodeURIComponent(secret),
      new URLSearchParams({ p: secret }).toString(),
      Buffer.from(secret).toString('base64'),
      Buffer.from(secret).toString('base64url'),
    ];
    for (const form of forms) {
      const shown = masker.mask(`before ${form} after`);
      expect(shown).toContain(masked);
      expect(shown).not.toContain('word');
      expect(shown).not.toContain(Buffer.from(secret).toString('base64url').slice(0, 12));
      expect(shown).toMatch(/^before .* after$/);
    }
  });

  it('finds each line of a secret of several lines', () => {
    const masker = new SecretMasker();
    masker.add('-----BEGIN KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASC\nshort\n-----END KEY-----\n');
    expect(masker.mask('line: MIIEvQIBADANBgkqhkiG9w0BAQEFAASC, short')).toBe('line: ***, short');
  });

  it('leaves alone what is too short or too common to be told from other texts', () => {
    const masker = new SecretMasker();
    for (const secret of ['', 'abcd', 'postgres', null, undefined]) masker.add(secret);
    expect(masker.forms).toEqual([]);
    expect(masker.mask('postgres abcd')).toBe('postgres abcd');
  });

  it('hides a longer secret whole, also when a shorter one is part of it', () => {
    const masker = new SecretMasker();
    masker.add('hunter');
    masker.add('hunter2000');
    expect(masker.mask('hunter2000 hunter')).toBe('*** ***');
  });

  it('hides what a sensitive name holds, and not what it only resembles', () => {
    const masker = new SecretMasker();
    masker.add('hunter2');
    const value = { api_key: 'k', nested: [{ Password: ['a', 1, null, ''] }], city: 'Bern hunter2', n: 1 };
    expect(masker.redact(value)).toEqual({
      api_key: masked,
      nested: [{ Password: [masked, masked, null, ''] }],
      city: 'Bern ***',
      n: 1,
    });
    expect(masker.maskJson({ token_count: '7', hunter2: 'hunter2' })).toEqual({ token_count: '7', '***': masked });
    expect(['DB_PASSWORD', ' Access_Token ', 'keyfile_dict'].map(isSensitiveName)).toEqual([true, true, true]);
    expect(['pass', 'key', 'user'].map(isSensitiveName)).toEqual([false, false, false]);
  });

  it('takes the password out of a URL', () => {
    const masker = new SecretMasker();
    masker.addUrl('postgresql://me:hunt%25er2@host/db');
    masker.addUrl('not a url');
    expect(masker.mask('postgresql://me:hunt%25er2@host/db and hunt%er2')).toBe('postgresql://me:***@host/db and ***');
  });

  it('lets no known secret through, wherever it stands', () => {
    fc.assert(
      fc.property(
        fc.array(fc.string({ minLength: 5, maxLength: 20 }), { minLength: 1, maxLength: 5 }),
        fc.string(),
        fc.string(),
        (secrets, before, after) => {
          const masker = new SecretMasker();
          for (const secret of secrets) masker.add(secret);
          for (const secret of secrets.filter((one) => !one.includes('*'))) {
            expect(masker.mask(before + secret + after).includes(secret)).toBe(
              masker.mask(before + after).includes(secret),
            );
          }
        },
      ),
    );
  });
});
