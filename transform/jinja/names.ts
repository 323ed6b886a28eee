/** The closest of the names, as a sentence; undefined when none is near. */
export function nearestName(name: string, names: Iterable<string>): string | undefined {
  const farthest = Math.max(1, Math.floor(name.length / 3));
  let best: { name: string; distance: number } | undefined;
  for (const candidate of names) {
    if (Math.abs(candidate.length - name.length) > farthest) continue;
    const distance = editDistance(name.toLowerCase(), candidate.toLowerCase());
    if (distance <= farthest && (!best || distance < best.distance)) best = { name: candidate, distance };
  }
  return best && `Did you mean '${best.name}'?`;
}

/** Edits (insert, delete, replace, swap of neighbours) that turn one word into the other. */
function editDistance(from: string, to: string): number {
  let beforePrevious: number[] = [];
  let previous = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (let row = 1; row <= from.length; row++) {
    const current = [row];
    for (let column = 1; column <= to.length; column++) {
      const same = from[row - 1] === to[column - 1];
      let cost = Math.min(
        (previous[column] as number) + 1,
        (current[column - 1] as number) + 1,
        (previous[column - 1] as number) + (same ? 0 : 1),
      );
      if (row > 1 && column > 1 && from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1])
        cost = Math.min(cost, (beforePrevious[column - 2] as number) + 1);
      current.push(cost);
    }
    beforePrevious = previous;
    previous = current;
  }
  return previous[to.length] as number;
}

const words = (text: string) => new Set(text.split(/\s+/));

/** Jinja's filters and dbt's. filters.ts implements exactly these (a test holds the two together). */
export const knownFilters: ReadonlySet<string> = words(
  `abs attr batch capitalize center count d default dictsort e escape filesizeformat first float forceescape format
  groupby indent int is_list items join last length list lower map max min pprint random reject rejectattr replace
  reverse round safe select selectattr slice sort string striptags sum title tojson trim truncate unique upper
  urlencode urlize wordcount wordwrap xmlattr as_bool as_native as_number as_text`,
);

/** Jinja's tests. tests.ts implements exactly these. */
export const knownTests: ReadonlySet<string> = words(
  `boolean callable defined divisibleby eq equalto escaped even false filter float ge greaterthan gt in integer
  iterable le lessthan lower lt mapping ne none number odd sameas sequence string test true undefined upper`,
);
