import { datetimeModule } from './datetime.js';
import { itertoolsModule } from './itertools.js';
import { pytzModule } from './pytz.js';
import { reModule } from './re.js';

/** dbt's `modules`: the parts of Python's standard library that templates use. `now` gives epoch milliseconds. */
export function modules(now: () => number): Record<string, unknown> {
  return { datetime: datetimeModule(now), itertools: itertoolsModule, pytz: pytzModule, re: reModule };
}
