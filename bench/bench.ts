/** One measured figure beside its baseline, as `--json` prints it. */
export interface BenchRow {
  name: string;
  unit: string;
  /** The median. */
  value: number;
  min: number;
  max: number;
  /** null when there is none. */
  goal: number | null;
  better: 'lower' | 'higher';
  /** Measured in the same run, alternating. */
  baseline: { name: string; value: number } | null;
  /** Value over baseline. */
  ratio: number | null;
}

/** A benchmark: says what it does on the way, answers its figures. */
export type Bench = (say: (line: string) => void) => Promise<BenchRow[]>;

export interface Measurement {
  name: string;
  unit: string;
  /** A figure, or so many times what the baseline gives. */
  goal: number | { timesBaseline: number } | null;
  better: 'lower' | 'higher';
  /** Sets up afresh, and answers one figure. */
  measure(): Promise<number>;
  baseline?: { name: string; measure(): Promise<number> };
  runs?: number;
}

/** Warms up once, then runs at least five times, alternating with the baseline. */
export async function measureAgainst(
  { name, unit, goal, better, measure, baseline, runs = 5 }: Measurement,
  say: (line: string) => void,
): Promise<BenchRow> {
  await measure();
  await baseline?.measure();
  const values: number[] = [];
  const baselineValues: number[] = [];
  for (let run = 0; run < runs; run++) {
    values.push(await measure());
    if (baseline) baselineValues.push(await baseline.measure());
    say(
      `${name}, run ${run + 1}: ${values.at(-1)?.toFixed(1)} ${unit}, baseline ${baselineValues.at(-1)?.toFixed(1) ?? '-'}`,
    );
  }
  const value = median(values);
  const base = baseline ? { name: baseline.name, value: median(baselineValues) } : null;
  return {
    name,
    unit,
    value,
    min: Math.min(...values),
    max: Math.max(...values),
    goal: typeof goal === 'object' && goal !== null ? (base ? base.value * goal.timesBaseline : null) : goal,
    better,
    baseline: base,
    ratio: base ? value / base.value : null,
  };
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1
    ? (sorted[middle] as number)
    : ((sorted[middle - 1] as number) + (sorted[middle] as number)) / 2;
}
