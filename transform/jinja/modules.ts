/** dbt's `modules`: the parts of Python's standard library that templates use. */
export function modules(_now: () => number): Record<string, unknown> {
  return {};
}
