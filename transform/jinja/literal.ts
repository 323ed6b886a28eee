import type { Expression } from './ast.js';
import { TemplateError } from './errors.js';
import { parseExpression } from './expressions.js';
import { signed } from './operators.js';
import { TokenReader } from './tokens.js';
import { Dict, float, tuple } from './values.js';

/** Python's `ast.literal_eval`: the value of a text that is a literal; undefined when it is none. */
export function readLiteral(text: string): { value: unknown } | undefined {
  // Python's literals, not Jinja's: `true` and `none` are names there.
  if (/^(?:true|false|none)$/.test(text.trim())) return undefined;
  try {
    return readWhole(new TokenReader({ path: 'literal', text: `{{${text.trim()}\n}}`, firstLine: 1 }));
  } catch (error) {
    if (error instanceof TemplateError || error instanceof NoLiteral) return undefined;
    throw error;
  }
}

class NoLiteral extends Error {}

function readWhole(reader: TokenReader): { value: unknown } | undefined {
  reader.next();
  const expression = parseExpression(reader);
  const ended = reader.skip('output-end') && reader.is('end');
  return ended ? { value: evaluate(expression) } : undefined;
}

function evaluate(expression: Expression): unknown {
  switch (expression.kind) {
    case 'constant':
      return expression.value;
    case 'float':
      return float(expression.value);
    case 'list':
      return expression.items.map(evaluate);
    case 'tuple':
      return tuple(expression.items.map(evaluate));
    case 'dict': {
      const made = new Dict();
      for (const { key, value } of expression.entries) made.set(evaluate(key), evaluate(value));
      return made;
    }
    case 'unary':
      if (expression.operator !== 'not' && ['constant', 'float'].includes(expression.operand.kind))
        return signed(expression.operator, evaluate(expression.operand));
  }
  throw new NoLiteral();
}
