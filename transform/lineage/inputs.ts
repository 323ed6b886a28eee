/**
 * How an input is part of an output, in the words of OpenLineage. Direct: the value itself (`IDENTITY`), computed from it (`TRANSFORMATION`) or from
 * many rows of it (`AGGREGATION`). Indirect: it decides which value (`CONDITIONAL`, `WINDOW`) or which rows (`FILTER`, `JOIN`, `GROUP_BY`, `SORT`).
 */
export type Transformation = keyof typeof distances;

/** The most direct first: what passes through two steps is as far away as the farther of them. */
const distances = {
  IDENTITY: 0,
  TRANSFORMATION: 1,
  AGGREGATION: 2,
  CONDITIONAL: 3,
  WINDOW: 4,
  JOIN: 5,
  FILTER: 6,
  GROUP_BY: 7,
  SORT: 8,
};

/** A column of a relation that the query reads, and what it is to an output. */
export interface Input {
  /** The relation's key, as `relationKey` makes it. */
  relation: string;
  column: string;
  transformation: Transformation;
}

/** Inputs without repetition: of one column the most direct use counts. */
export class Inputs {
  readonly #byColumn = new Map<string, Input>();

  static of(...inputs: Input[]): Inputs {
    const made = new Inputs();
    for (const input of inputs) made.add(input);
    return made;
  }

  add(input: Input): void {
    const key = `${input.relation}\0${input.column}`;
    const known = this.#byColumn.get(key);
    if (!known || distances[input.transformation] < distances[known.transformation]) this.#byColumn.set(key, input);
  }

  addAll(others: Inputs, by: Transformation = 'IDENTITY'): this {
    for (const input of others.list) this.add({ ...input, transformation: farther(input.transformation, by) });
    return this;
  }

  get list(): Input[] {
    return [...this.#byColumn.values()];
  }

  get size(): number {
    return this.#byColumn.size;
  }
}

/** One transformation after the other. */
export function farther(first: Transformation, second: Transformation): Transformation {
  return distances[first] >= distances[second] ? first : second;
}

/** What names a relation: database, schema and identifier as far as they are written, in lower case. */
export function relationKey(parts: readonly (string | null | undefined)[]): string {
  return parts
    .filter((part) => part !== null && part !== undefined && part !== '')
    .join('.')
    .toLowerCase();
}
