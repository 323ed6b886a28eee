import { Html, html } from '../html.js';

const sqlWords = new Set(
  `add all alter analyze and any array as asc begin between by case cast coalesce column commit constraint copy create cross current
  cursor default delete desc distinct do drop else end except exclude exists explain extract false fetch filter first following for foreign from
  full function grant group having if ilike in index inner insert intersect interval into is join key language last lateral left like limit
  materialized matched merge natural not null nulls numeric on only or order outer over partition preceding primary range recursive references
  replace returning right rollback row rows schema select set some table temp temporary then time timestamp to trigger true truncate type
  unbounded union unique unlogged update using values view when where window with without zone`.split(/\s+/),
);
const scriptWords = new Set(
  `abstract as async await boolean break case catch class const continue default delete do else enum export extends false finally for from function
  get if implements import in instanceof interface let new null number of private protected public readonly return satisfies set static string super
  switch this throw true try type typeof undefined unknown var void while yield`.split(/\s+/),
);

/** SQL as lines of HTML with its words coloured. */
export function sql(text: string): Html {
  return lines(
    text,
    /(--[^\n]*|\/\*[\s\S]*?\*\/)|('(?:[^']|'')*'|\$\$[\s\S]*?\$\$)|\b(\d+(?:\.\d+)?)\b|([A-Za-z_][\w$]*)(?=\s*(\()?)/g,
    sqlWords,
    true,
  );
}

/** TypeScript or JavaScript as lines of HTML with its words coloured. */
export function typescript(text: string): Html {
  return lines(
    text,
    /(\/\/[^\n]*|\/\*[\s\S]*?\*\/)|('(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"|`(?:[^`\\]|\\.)*`)|\b(\d[\d_]*(?:\.\d+)?)\b|([A-Za-z_$][\w$]*)(?=\s*(\()?)/g,
    scriptWords,
    false,
  );
}

function lines(text: string, tokens: RegExp, words: Set<string>, ignoreCase: boolean): Html {
  let out = '';
  let at = 0;
  for (const match of text.matchAll(tokens)) {
    out += html`${text.slice(at, match.index)}`.text;
    at = match.index + match[0].length;
    const [whole, comment, string, number, word, call] = match;
    const known = word !== undefined && words.has(ignoreCase ? word.toLowerCase() : word);
    const kind = comment ? 'c' : string ? 's' : number ? 'n' : known ? 'k' : call ? 'f' : '';
    out += kind === '' ? html`${whole}`.text : spanEachLine(whole, kind);
  }
  out += html`${text.slice(at)}`.text;
  return new Html(
    out
      .replace(/\n$/, '')
      .split('\n')
      .map((line, index) => `<span class="ln" id="L${index + 1}">${line}</span>`)
      .join(''),
  );
}

/** A token of several lines is closed at each line's end, so that a line is whole by itself. */
function spanEachLine(text: string, kind: string): string {
  return text
    .split('\n')
    .map((line) => (line === '' ? '' : html`<span class="${kind}">${line}</span>`.text))
    .join('\n');
}
