/** Rows as aligned text; columns of numbers are aligned to the right. */
export function textTable(columns: string[], rows: (string | number | null)[][], indent = '  '): string {
  const cells = rows.map((row) => row.map(cellText));
  const widths = columns.map((name, index) => Math.max(name.length, ...cells.map((row) => (row[index] ?? '').length)));
  const isRight = columns.map((_, index) => rows.length > 0 && rows.every((row) => typeof row[index] === 'number'));
  const line = (row: string[]) =>
    `${indent}${row
      .map((text, index) => (isRight[index] ? text.padStart(widths[index] ?? 0) : text.padEnd(widths[index] ?? 0)))
      .join('   ')
      .trimEnd()}\n`;
  const rule = line(widths.map((width) => '─'.repeat(width)));
  return `${line(columns)}${rule}${cells.map(line).join('')}`;
}

function cellText(value: string | number | null): string {
  if (value === null) return '';
  return typeof value === 'number' ? value.toLocaleString('en-US', { maximumFractionDigits: 2 }) : value;
}
