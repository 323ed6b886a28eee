/** What a check found: a sentence with counts, and what it has against the system. */
export interface Finding {
  name: string;
  /** What a fault of it means for the user: work that is gone, work done beside itself, or something else. */
  kind: 'lost' | 'twice' | 'other';
  /** Empty when it holds. */
  faults: string[];
  /** What was looked at. */
  said: string;
}

export function finding(kind: Finding['kind'], name: string, faults: string[], said: string): Finding {
  return { kind, name, faults, said };
}

/** One line for people. */
export function findingLine({ name, faults, said }: Finding): string {
  if (faults.length === 0) return `holds  ${name}: ${said}`;
  const more = faults.length > shownMax ? ` … and ${faults.length - shownMax} more` : '';
  return `BROKEN ${name}: ${faults.slice(0, shownMax).join('; ')}${more}`;
}

const shownMax = 5;

export function groupBy<Item>(items: Item[], key: (item: Item) => string): Map<string, Item[]> {
  const groups = new Map<string, Item[]>();
  for (const item of items) {
    const known = groups.get(key(item));
    if (known) known.push(item);
    else groups.set(key(item), [item]);
  }
  return groups;
}

/** The items that are there more than once, each as often as it is there too many times. */
export function repeated(items: string[]): string[] {
  const seen = new Set<string>();
  return items.filter((item) => seen.size === seen.add(item).size);
}
