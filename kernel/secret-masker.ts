import type { Json, JsonObject } from './json.js';

/** What stands in place of a secret. */
export const masked = '***';

/** Shorter texts are no secrets that could be found without hiding half of every log (Airflow's limit). */
const secretCharsMin = 5;

/** A line of a secret of several lines (a key in PEM) is looked for by itself from this length on. */
const secretLineCharsMin = 12;

/** Words that are often passwords in trials, and always words. */
const neverMasked: ReadonlySet<string> = new Set(['airflow', 'millrace', 'postgres', 'password', 'localhost']);

/** Airflow's list: a name that holds one of these names a secret. */
const sensitiveParts = [
  'access_token',
  'api_key',
  'apikey',
  'authorization',
  'passphrase',
  'passwd',
  'password',
  'private_key',
  'proxy',
  'proxies',
  'secret',
  'token',
  'keyfile_dict',
  'service_account',
];

/** Whether what has this name is taken for a secret, whatever it is. */
export function isSensitiveName(name: string): boolean {
  const text = name.trim().toLowerCase();
  return sensitiveParts.some((part) => text.includes(part));
}

/**
 * Puts `***` where a known secret stands in a text, in the forms in which it gets there: as it is, within JSON, in a
 * URL, in base64, in HTML. A net below those who do not print secrets in the first place: what it has not been told it
 * does not find.
 */
export class SecretMasker {
  readonly #forms = new Set<string>();
  #pattern: RegExp | undefined;

  /** Adds a secret. Texts that are too short or too common to be told from others are left out. */
  add(secret: string | null | undefined): void {
    if (secret === null || secret === undefined || !isMaskable(secret)) return;
    const before = this.#forms.size;
    for (const form of formsOf(secret)) this.#forms.add(form);
    if (this.#forms.size !== before) this.#pattern = undefined;
  }

  /** Adds the password of a URL. A text that is no URL adds nothing. */
  addUrl(url: string | null | undefined): void {
    if (!url || !URL.canParse(url)) return;
    const { password } = new URL(url);
    this.add(password);
    this.add(decoded(password));
  }

  /** Adds every text below a name that is sensitive. */
  addSensitive(value: Json, isSecret = false): void {
    if (typeof value === 'string') {
      if (isSecret) this.add(value);
    } else if (Array.isArray(value)) for (const one of value) this.addSensitive(one, isSecret);
    else if (typeof value === 'object' && value !== null)
      for (const [name, one] of Object.entries(value)) this.addSensitive(one, isSecret || isSensitiveName(name));
  }

  /** Adds what another knows: its forms, so that secrets can travel to where texts are written. */
  addForms(forms: readonly string[]): void {
    for (const form of forms) this.#forms.add(form);
    this.#pattern = undefined;
  }

  get forms(): string[] {
    return [...this.#forms];
  }

  mask(text: string): string {
    if (this.#forms.size === 0 || text.length < secretCharsMin) return text;
    // The longest first: a secret that holds another goes whole.
    this.#pattern ??= new RegExp(
      [...this.#forms]
        .sort((a, b) => b.length - a.length)
        .map(escaped)
        .join('|'),
      'g',
    );
    return text.replace(this.#pattern, masked);
  }

  /** A value with every text masked, and everything below a sensitive name as well. */
  redact<Value extends Json>(value: Value): Value {
    return this.#redact(value, false) as Value;
  }

  /** A value with its texts masked, whatever their names: for data, where a column may be called `token_count`. */
  maskJson<Value extends Json>(value: Value): Value {
    return walk(value, (text) => this.mask(text)) as Value;
  }

  #redact(value: Json, isSecret: boolean): Json {
    if (typeof value === 'string') return isSecret && value !== '' ? masked : this.mask(value);
    if (Array.isArray(value)) return value.map((one) => this.#redact(one, isSecret));
    if (typeof value !== 'object' || value === null) return isSecret && value !== null ? masked : value;
    const entries = Object.entries(value).map(([name, one]): [string, Json] => [
      name,
      this.#redact(one, isSecret || isSensitiveName(name)),
    ]);
    return Object.fromEntries(entries) as JsonObject;
  }
}

function walk(value: Json, change: (text: string) => string): Json {
  if (typeof value === 'string') return change(value);
  if (Array.isArray(value)) return value.map((one) => walk(one, change));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [change(name), walk(one, change)]));
}

function isMaskable(text: string): boolean {
  return text.length >= secretCharsMin && !neverMasked.has(text.toLowerCase());
}

function formsOf(secret: string): string[] {
  const lines = secret
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line.length >= secretLineCharsMin);
  const plain = secret.includes('\n') ? [secret, ...lines] : [secret];
  return plain.flatMap((text) => [
    text,
    JSON.stringify(text).slice(1, -1),
    uriForm(text),
    new URLSearchParams({ '': text }).toString().slice(1),
    Buffer.from(text, 'utf8').toString('base64').replace(/=+$/, ''),
    Buffer.from(text, 'utf8').toString('base64url'),
  ]);
}

function uriForm(text: string): string {
  try {
    return encodeURIComponent(text);
  } catch {
    return text; // Half a character: it cannot be in a URL.
  }
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // A percent sign that encodes nothing: the text is as it was meant.
  }
}

function escaped(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');
}
