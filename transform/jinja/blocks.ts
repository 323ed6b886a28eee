import { locate, type Source } from './errors.js';
import { sourceOf, type TemplateOptions } from './template.js';
import { TokenReader } from './tokens.js';

/** A named block of a file: `{% snapshot orders %}…{% endsnapshot %}`. */
export interface Block {
  kind: string;
  name: string;
  /** What stands behind the name in the opening tag: `(model, column_name)`. */
  argsSource: string;
  /** The body, between the tags. */
  source: string;
  /** The whole block with its tags. */
  text: string;
  /** Line of the opening tag, from 1. */
  line: number;
  /** Line on which the body begins: `firstLine` when the body is compiled. */
  bodyLine: number;
}

/**
 * The blocks of the allowed kinds (`snapshot`, `docs`, `macro` …) at the top level of a file; everything around them is
 * left out. Throws TemplateError (JINJA_SYNTAX) for a block that is not closed.
 */
export function splitBlocks(text: string, options: TemplateOptions & { allowed: readonly string[] }): Block[] {
  const source = sourceOf(text, options);
  const reader = new TokenReader(source);
  const blocks: Block[] = [];
  while (!reader.is('end')) {
    const token = reader.next();
    if (token.type !== 'block-begin' || !reader.isName(...options.allowed)) continue;
    blocks.push(readBlock(reader, source, token.at));
  }
  return blocks;
}

function readBlock(reader: TokenReader, source: Source, at: number): Block {
  const kind = reader.next().value;
  const name = reader.expect('name', undefined, `as the name of the ${kind}`);
  while (!reader.is('block-end')) {
    if (reader.is('end')) throw reader.fault('this tag is not closed', at);
    reader.next();
  }
  const opening = reader.next();
  const bodyStart = opening.end;
  const ends = kind === 'data_test' ? ['enddata_test', 'endtest'] : [`end${kind}`];
  for (;;) {
    const token = reader.next();
    if (token.type === 'end')
      throw reader.fault(`{% ${kind} ${name.value} %} is not closed: {% ${ends[0]} %} is missing`, at);
    if (token.type !== 'block-begin' || !reader.isName(...ends)) continue;
    while (!reader.is('block-end')) reader.next();
    const closing = reader.next();
    return {
      kind,
      name: name.value,
      argsSource: source.text.slice(name.end, opening.at).trim(),
      source: source.text.slice(bodyStart, token.at),
      text: source.text.slice(at, closing.end),
      line: locate(source, at).line,
      bodyLine: locate(source, bodyStart).line,
    };
  }
}
