import { Dag, deleteLoadedObjects, deleteOldEvents, getContext, openLoadPlace, SkipTask } from 'millrace';

const dayMs = 24 * 3600 * 1000;

const dag = new Dag('Lake_Retention', {
  description: 'Deletes objects and change events whose days are over.',
  docMd: `Takes objects that were loaded more than RETENTION_OBJECTS_DAYS ago out of the store, and change events that were
loaded more than RETENTION_RAW_DAYS ago out of \`raw\`. 0 keeps them for ever. What is pending or in quarantine stays, and
so do staging, snapshots, dimensions and facts.`,
  schedule: '@daily',
  startDate: '2026-01-01',
  catchup: false,
  maxActiveRuns: 1,
  tags: ['bank', 'lake'],
});

dag.task('delete_loaded_objects', async () => {
  const { signal, log } = getContext();
  const deleted = await deleteLoadedObjects(await openLoadPlace(), endOf('RETENTION_OBJECTS_DAYS'), signal);
  log.info(`${deleted} objects deleted.`);
  return deleted;
})();

dag.task('delete_old_events', async () => {
  const { signal, log } = getContext();
  const { warehouse } = await openLoadPlace();
  const deleted = await deleteOldEvents(warehouse, endOf('RETENTION_RAW_DAYS'), signal);
  log.info(`${deleted} change events deleted from raw.`);
  return deleted;
})();

/** The moment before which things go. Skips the task when they stay for ever. */
function endOf(setting: string): number {
  const days = Number(process.env[setting] ?? 0);
  if (!(days > 0)) throw new SkipTask(`${setting} is not set: nothing is deleted.`);
  return Date.now() - days * dayMs;
}

export default dag;
