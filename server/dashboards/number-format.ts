import { formatCompact, formatNumber } from '../format.js';

/** How a component writes its numbers: `num0`, `num2`, `usd0`, `usd2`, `usd0k` (compact), `pct1`, `eur2` … */
export interface NumberFormat {
  /** In full, for cards and tables. */
  full(value: number): string;
  /** Short, for axes and marks. */
  short(value: number): string;
}

const signs: Record<string, string> = { usd: '$', eur: '€', gbp: '£', num: '' };

export function numberFormat(fmt: string | undefined): NumberFormat {
  const match = /^([a-z]+)(\d?)(k?)$/.exec(fmt ?? '');
  const kind = match?.[1] ?? 'num';
  const digits = match?.[2] ? Number(match[2]) : undefined;
  const compact = match?.[3] === 'k';
  if (kind === 'pct') {
    const percent = (value: number) => `${formatNumber(value * 100, digits ?? 1)} %`;
    return { full: percent, short: percent };
  }
  const sign = signs[kind] ?? '';
  const withSign = (text: string) => (text.startsWith('−') ? `−${sign}${text.slice(1)}` : `${sign}${text}`);
  const plain = (value: number) => withSign(formatNumber(value, digits).replace('-', '−'));
  const short = (value: number) =>
    Math.abs(value) >= 10_000
      ? withSign(formatCompact(value))
      : withSign(formatNumber(value, digits).replace('-', '−'));
  return { full: compact ? short : plain, short };
}
