import { Html, html } from '../html.js';

/** A log line's text with its ANSI colours as spans; every other control sequence is left out. */
export function ansiToHtml(text: string): Html {
  if (!text.includes('\u001b')) return html`${text}`;
  let out = '';
  let open = 0;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: ANSI sequences begin with the escape character
  for (const part of text.split(/(\u001b\[[0-9;?]*[A-Za-z])/)) {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: as above
    const sequence = /^\u001b\[([0-9;]*)m$/.exec(part);
    if (sequence) {
      for (const code of (sequence[1] || '0').split(';').map(Number)) {
        if (code === 0 || code === 39 || code === 22) {
          out += '</span>'.repeat(open);
          open = 0;
        } else if (code === 1 || (code >= 31 && code <= 36) || (code >= 91 && code <= 96)) {
          out += `<span class="a${code >= 91 ? code - 60 : code}">`;
          open++;
        }
      }
    } else if (!part.startsWith('\u001b')) out += html`${part}`.text;
  }
  return new Html(out + '</span>'.repeat(open));
}
