import { Bundle, Dag } from 'millrace';

/** A thousand DAGs that are all due at the same moment, every minute. */
const dags = Array.from({ length: 1_000 }, (_, at) => {
  const dag = new Dag(`minute_${String(at).padStart(3, '0')}`, {
    schedule: '* * * * *',
    startDate: '2026-01-01T00:00:00Z',
    catchup: false,
  });
  dag.task('only', async () => undefined)();
  return dag;
});

new Bundle(...dags).serve();
