/** Text that is already HTML. Everything else is escaped wherever it is put into a page. */
export class Html {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  toString(): string {
    return this.text;
  }
}

const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

/** What templates do with every value: Html stays, null and undefined vanish, anything else is escaped text. */
export function escapeHtml(value: unknown): string {
  if (value instanceof Html) return value.text;
  if (value === null || value === undefined) return '';
  const text = String(value);
  return /[&<>"']/.test(text) ? text.replace(/[&<>"']/g, (character) => entities[character] as string) : text;
}

/** A template literal whose values are escaped; lists are joined without a separator. For SVG drawn by programs. */
export function html(strings: TemplateStringsArray, ...values: unknown[]): Html {
  let text = strings[0] as string;
  values.forEach((value, index) => {
    text += Array.isArray(value) ? value.map(escapeHtml).join('') : escapeHtml(value);
    text += strings[index + 1];
  });
  return new Html(text);
}
