import type { Deed } from './sim-executor.js';
import type { Witness } from './witness.js';

/** What must hold when the sky has cleared and all that was under way has come to its end. */
export function checkEnd(witness: Witness, done: readonly Deed[], breach: (text: string) => void): void {
  checkEffects(witness, done, breach);
  for (const { about, sql } of questions)
    for (const { n } of witness.read<{ n: string }>(sql)) breach(`${about}: ${n}`);
}

const name = `r.dag_id || ' ' || r.run_id || ' ' || ti.task_id || '[' || ti.map_index || ']'`;

/** Each finds what should not be; `n` names it. */
const questions: { about: string; sql: string }[] = [
  {
    about: 'a run has not ended',
    sql: `select r.dag_id || ' ' || r.run_id || ' is ' || r.state || ': '
        || group_concat(ti.task_id || '[' || ti.map_index || ']=' || coalesce(ti.state, 'none')) as n
      from dag_run r join task_instance ti on ti.dag_run_id = r.id where r.state in ('queued', 'running') group by r.id`,
  },
  {
    about: 'something lives in a run that has ended',
    sql: `select ${name} || ' ' || ti.state || ' in ' || r.state as n
      from task_instance ti join dag_run r on r.id = ti.dag_run_id where r.state in ('success', 'failed')
      and ti.state in ('scheduled', 'queued', 'running', 'restarting', 'deferred', 'awaiting_input')`,
  },
  {
    about: 'an attempt is in the history twice',
    sql: `select task_instance_id || ' try ' || try_number as n from task_instance_history
      where attempt_id is not null group by task_instance_id, attempt_id having count(*) > 1`,
  },
  {
    about: 'a task was tried more often than it may be',
    sql: `select ${name} || ' try ' || ti.try_number as n from task_instance ti join dag_run r on r.id = ti.dag_run_id
      where ti.try_number > ti.max_tries + 1`,
  },
  {
    about: 'a task failed with retries left',
    sql: `select ${name} || ' try ' || ti.try_number as n from task_instance ti join dag_run r on r.id = ti.dag_run_id
      where ti.reason = 'its last try failed' and ti.try_number <= ti.max_tries and ti.max_tries > 0`,
  },
  { about: 'a callback was never called', sql: 'select key as n from callback_request' },
  {
    about: 'two runs of a DAG have one logical date',
    sql: `select dag_id as n from dag_run where logical_date is not null group by dag_id, logical_date having count(*) > 1`,
  },
  {
    about: 'a backfill has not completed',
    sql: 'select id as n from backfill where completed_at is null',
  },
  {
    about: 'an e-mail was written twice',
    sql: `select subject as n from email where subject like 'attempt-%' group by subject having count(*) > 1`,
  },
  {
    about: 'the return value of a task that succeeded is missing',
    sql: `select ${name} as n from task_instance ti join dag_run r on r.id = ti.dag_run_id
      where ti.state = 'success' and ti.reason = 'it succeeded' and not exists (select 1 from xcom x
        where x.dag_run_id = ti.dag_run_id and x.task_id = ti.task_id and x.map_index = ti.map_index
          and x.key = 'return_value')`,
  },
];

/** What attempts have asked for is there when they succeeded, and only then. */
function checkEffects(witness: Witness, done: readonly Deed[], breach: (text: string) => void): void {
  const taken = new Set(
    witness
      .read<{ attempt_id: string }>(
        `select attempt_id from task_instance where reason = 'it succeeded'
         union select attempt_id from task_instance_history where reason = 'it succeeded'`,
      )
      .map((row) => row.attempt_id),
  );
  const mails = new Set(witness.read<{ subject: string }>('select subject from email').map((row) => row.subject));
  const deeds = new Map(done.map((deed) => [deed.attemptId, deed]));
  for (const { attemptId, mails: isMailer, writes, place } of deeds.values()) {
    if (!taken.has(attemptId)) continue;
    if (isMailer && !mails.has(attemptId)) breach(`the e-mail of ${attemptId} is missing`);
    if (writes && !hasAssetEvent(witness, place)) breach(`${place.join(' ')} wrote its asset and nobody was told`);
  }
  for (const subject of mails)
    if (subject.startsWith('attempt-') && !deeds.get(subject)?.mails) breach(`nobody asked for the e-mail ${subject}`);
}

function hasAssetEvent(witness: Witness, place: Deed['place']): boolean {
  const sql = `select 1 from asset_event where source_dag_id = ? and source_run_id = ? and source_task_id = ?
    and source_map_index = ? limit 1`;
  return witness.read(sql, ...place).length > 0;
}
