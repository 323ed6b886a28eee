type Row = (string | null)[];

/**
 * How two sets of rows differ, whatever their order: rows that are missing are marked `-`, those that are too much `+`.
 * Null when they are the same.
 */
export function rowDifference(
  columns: string[],
  expected: Row[],
  actual: Row[],
): { text: string; count: number } | null {
  const counts = new Map<string, { row: Row; count: number }>();
  const add = (row: Row, by: number) => {
    const key = JSON.stringify(row);
    const entry = counts.get(key) ?? { row, count: 0 };
    entry.count += by;
    counts.set(key, entry);
  };
  for (const row of expected) add(row, 1);
  for (const row of actual) add(row, -1);
  const differing = [...counts.values()].filter(({ count }) => count !== 0);
  if (differing.length === 0) return null;
  const lines = differing.flatMap(({ row, count }) =>
    Array.from({ length: Math.abs(count) }, () => [count > 0 ? '-' : '+', ...row.map(shown)]),
  );
  lines.sort((a, b) =>
    a.slice(1).join() < b.slice(1).join() ? -1 : a.slice(1).join() > b.slice(1).join() ? 1 : a[0] === '-' ? -1 : 1,
  );
  const table = [['@@', ...columns], ...lines.slice(0, rowsShownMax)];
  const widths = table[0]?.map((_, index) => Math.max(...table.map((row) => (row[index] as string).length))) ?? [];
  const text = table
    .map((row) =>
      row
        .map((value, index) => value.padEnd(widths[index] as number))
        .join(' | ')
        .trimEnd(),
    )
    .join('\n');
  const more = lines.length > rowsShownMax ? `\n… and ${lines.length - rowsShownMax} more` : '';
  return { text: `actual differs from expected:\n\n${text}${more}`, count: lines.length };
}

const rowsShownMax = 50;

function shown(value: string | null): string {
  return value ?? 'NULL';
}
