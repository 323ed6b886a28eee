import { Dag, getClient, getContext, type Json, postgres, type TaskResult } from 'millrace';
import { type Reconciliation, reconcileLoaded } from './reconcile.js';

const dag = new Dag('Bank_Data_Transformation', {
  description: 'Builds staging, snapshots, dimensions, facts and key figures of the bank, and tests them.',
  docMd: `Runs the dbt project \`sql/bank\`: staging (typed, the latest version of each row) and its tests, snapshots,
dimensions with every version that the log holds, the fact table, key figures, and their tests. A test that fails stops
what depends on it. Started by *MinIO_S3_to_Warehouse*.`,
  schedule: null,
  catchup: false,
  maxActiveRuns: 1,
  tags: ['bank', 'dbt', 'scd2'],
});

const reconciledVariable = 'bank_reconciled_load_seq';

const bank = dag.sqlProject('bank', 'sql/bank', { tests: 'each' });

const reconciled = dag.task('reconcile', reconcile, {
  docMd: `Looks whether what was loaded is whole: each change follows from the one before it, and dimensions and facts say
what the log says. It reports and stops nothing; \`millrace reconcile bank\` compares with the source itself.`,
})();

const summary = dag.task(
  'summarize_build',
  async ({ reconciliation }: { reconciliation: Reconciliation | null }) => ({
    ...summarize(await getClient().getTaskResults()),
    reconciliation,
  }),
  { docMd: 'Counts models and tests, and collects the rows that tests found.', triggerRule: 'all_done' },
)({ reconciliation: reconciled });

const completed = dag.email('transformation_report', {
  to: mailTo(),
  subject: 'Bank Data Transformation Completed',
  template: 'transformation-report',
  data: summary,
});

const gate = dag.shortCircuit(
  'only_if_something_failed',
  async ({ build }: { build: BuildSummary }) => build.hasFailed,
)({
  build: summary,
});

const failed = dag.email('transformation_failure_report', {
  to: mailTo(),
  subject: 'Bank Data Transformation Failed',
  template: 'transformation-report',
  data: summary,
});

bank.before(reconciled, summary, completed);
gate.before(failed);

/** Remembers in a variable how far it has looked, so that a run looks at what is new. */
async function reconcile(): Promise<Reconciliation> {
  const client = getClient();
  const { log } = getContext();
  const since = Number((await client.getVariable(reconciledVariable)) ?? 0);
  const result = await reconcileLoaded(postgres('warehouse'), since);
  for (const { relation, key, problem } of result.differences) log.error(`${relation} ${key}: ${problem}`);
  log.info(`${result.events} change events of ${result.keys} keys, ${result.differencesTotal} differences.`);
  await client.setVariable(reconciledVariable, String(result.loadSeq));
  return result;
}

/** What the build of the project came to. */
type BuildSummary = {
  models: Counts;
  snapshots: Counts;
  tests: Counts & { warned: number };
  /** Nodes that failed or warned, with the first rows that a test found. */
  hasFailed: boolean;
  faults: { name: string; state: string; message: string; columns: string[]; rows: Json[][] }[];
  seconds: number;
};
type Counts = { succeeded: number; failed: number; skipped: number };

function summarize(results: TaskResult[]): BuildSummary {
  const nodes = results.filter((result) => result.taskId.startsWith('bank.'));
  const ofType = (type: string) => nodes.filter((node) => typeOf(node) === type);
  const tests = ofType('test');
  return {
    models: countsOf(ofType('model')),
    snapshots: countsOf(ofType('snapshot')),
    tests: { ...countsOf(tests), warned: tests.filter((test) => test.details['status'] === 'warn').length },
    hasFailed: nodes.some((node) => node.state !== 'success'),
    faults: nodes.filter(isFault).slice(0, faultsMax).map(faultOf),
    seconds: secondsOf(nodes),
  };
}

const faultsMax = 50;

/** A node that never ran has no result to tell its type; its place in the groups does. */
function typeOf({ taskId, details }: TaskResult): string {
  const [type] = String(details['uniqueId'] ?? '').split('.');
  if (type) return type;
  if (/(^|\.)tests\./.test(taskId)) return 'test';
  return taskId.startsWith('bank.snapshots.') ? 'snapshot' : 'model';
}

function countsOf(nodes: TaskResult[]): Counts {
  const inState = (...states: (string | null)[]) => nodes.filter((node) => states.includes(node.state)).length;
  return { succeeded: inState('success'), failed: inState('failed'), skipped: inState('upstream_failed', 'skipped') };
}

function isFault(node: TaskResult): boolean {
  return node.state === 'failed' || node.details['status'] === 'warn';
}

function faultOf(node: TaskResult): BuildSummary['faults'][number] {
  const sample = node.details['sample'] as { columns: string[]; rows: Json[][] } | null | undefined;
  return {
    name: node.taskId,
    state: node.state === 'failed' ? 'failed' : 'warning',
    message: String(node.details['message'] ?? node.error ?? ''),
    columns: sample?.columns ?? [],
    rows: sample?.rows.slice(0, 5) ?? [],
  };
}

function secondsOf(nodes: TaskResult[]): number {
  const starts = nodes.flatMap(({ startedAt }) => startedAt ?? []);
  const ends = nodes.flatMap(({ endedAt }) => endedAt ?? []);
  if (starts.length === 0 || ends.length === 0) return 0;
  return Math.round((Math.max(...ends) - Math.min(...starts)) / 100) / 10;
}

function mailTo(): string[] {
  return (process.env['MAIL_TO'] ?? 'data-team@localhost').split(',').map((address) => address.trim());
}

export default dag;
