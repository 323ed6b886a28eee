import {
  Dag,
  getContext,
  type LoadBatch,
  type LoadReport,
  listNewFiles,
  loadBatch,
  openLoadPlace,
  planBatches,
  SkipTask,
} from 'millrace';

/** Files that one run takes at most: what is beyond waits for the next run, which is told that there is more. */
const filesMax = 4000;

const dag = new Dag('MinIO_S3_to_Warehouse', {
  description: 'Loads the change events of the bank from the object store into the warehouse.',
  docMd: `Compares the object store with the load ledger and copies what is new into \`raw\`, each file exactly once.
A file that cannot be loaded goes into quarantine, is reported, and stops nothing else. A run that loaded something
starts *Bank_Data_Transformation*.`,
  schedule: process.env['LOAD_SCHEDULE'] ?? '*/5 * * * *',
  startDate: '2026-01-01',
  catchup: false,
  maxActiveRuns: 1,
  tags: ['bank', 'lake', 'scd2'],
  email: mailTo(),
  emailOnFailure: true,
});

const listed = dag.task(
  'list_new_files',
  async () => {
    const { log, signal } = getContext();
    const place = await openLoadPlace();
    const { files, listed: seen, full, more } = await listNewFiles(place, { now: Date.now(), filesMax, signal });
    log.info(
      `${seen} objects listed in ${place.store.url}${full ? ' (the whole bucket)' : ''}, ${files.length} are new.`,
    );
    if (more) log.info(`There are more: the next run takes them.`);
    return planBatches(files);
  },
  { docMd: 'Finds the objects that are neither in the load ledger nor in quarantine.', retries: 2, retryDelay: 10 },
)();

const loadFiles = dag.task(
  'load_files',
  async ({ batch }: { batch: LoadBatch }) => {
    const { runId, signal, progress, log } = getContext();
    const report = await loadBatch(await openLoadPlace(), batch.files, { runId, signal, onProgress: progress });
    for (const { table, files, rows, skippedRows } of report.tables) {
      log.info(`raw.${table}: ${rows} rows of ${files} files${skippedRows > 0 ? `, ${skippedRows} were there` : ''}.`);
    }
    for (const { key, reason, line } of report.quarantined) {
      log.warning(`${key} is in quarantine: ${reason}${line === null ? '' : ` (line ${line})`}.`);
    }
    return report;
  },
  {
    docMd: 'Copies a batch of files into `raw`; rows and ledger rows commit together.',
    retries: 3,
    retryDelay: 10,
    retryExponentialBackoff: 2,
    maxActiveTisPerDagrun: 2,
    mapIndexTemplate: '{{ batch.label }}',
  },
);
const loaded = loadFiles.expand({ batch: listed });

const summary = dag.task(
  'summarize_load',
  async ({ reports }: { reports: LoadReport[] | null }) => {
    const sum = summarize(reports ?? []);
    if (sum.isNothing && process.env['LOAD_REPORT'] !== 'always') {
      throw new SkipTask('No files were loaded. Set LOAD_REPORT=always to be told of that by e-mail.');
    }
    return sum;
  },
  {
    docMd: 'Adds up what the batches came to. Skips what follows when there was nothing to load.',
    triggerRule: 'none_failed',
  },
)({ reports: loaded });

dag.email('warehouse_load_report', {
  to: mailTo(),
  subject: 'Warehouse Load Report',
  template: 'load-report',
  data: summary,
});

const gate = dag.shortCircuit(
  'only_if_rows_came',
  async ({ load }: { load: LoadSummary }) => load.rows > 0,
)({
  load: summary,
});

gate.before(
  dag.triggerDagRun({
    taskId: 'trigger_transformation',
    dagId: 'Bank_Data_Transformation',
    conf: { parent_run_id: '{{ run_id }}' },
    renderConf: true,
  }),
);

/** What a run loaded, table by table. */
type LoadSummary = {
  tables: { table: string; files: number; rows: number }[];
  files: number;
  rows: number;
  alreadyLoaded: number;
  quarantined: { key: string; reason: string; line: number | null }[];
  isNothing: boolean;
};

function summarize(reports: LoadReport[]): LoadSummary {
  const tables = new Map<string, { table: string; files: number; rows: number }>();
  for (const { table, files, rows } of reports.flatMap((report) => report.tables)) {
    const sum = tables.get(table) ?? { table, files: 0, rows: 0 };
    tables.set(table, { table, files: sum.files + files, rows: sum.rows + rows });
  }
  const perTable = [...tables.values()].sort((a, b) => a.table.localeCompare(b.table));
  const quarantined = reports.flatMap((report) => report.quarantined);
  return {
    tables: perTable,
    files: perTable.reduce((sum, { files }) => sum + files, 0),
    rows: perTable.reduce((sum, { rows }) => sum + rows, 0),
    alreadyLoaded: reports.reduce((sum, report) => sum + report.alreadyLoaded, 0),
    quarantined: quarantined.map(({ key, reason, line }) => ({ key, reason, line })),
    isNothing: perTable.length === 0 && quarantined.length === 0,
  };
}

function mailTo(): string[] {
  return (process.env['MAIL_TO'] ?? 'data-team@localhost').split(',').map((address) => address.trim());
}

export default dag;
