import { closeSync, copyFileSync, existsSync, openSync, readdirSync, readSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import type { Ledger } from './client.js';
import { type Finding, finding, groupBy, repeated } from './finding.js';
import { attemptsDoNotOverlap, instanceOf, type WitnessLine } from './witness.js';

/** Judges the scheduler by what can be seen from outside. Uses none of its code: only its files, and what it answered. */
export interface SchedulerEvidence {
  storePath: string;
  taskLogFolder: string;
  /** The disk was full for a while: logs lack what did not fit. */
  logsMayLack: boolean;
  lines: WitnessLine[];
  ledger: Ledger;
  /** What the store held each time the server had been killed. */
  remains: Remains[];
  /** Message-IDs in the order in which the mail server took them. */
  messageIds: string[];
  /** How often the server went down: a mail may arrive again each time. */
  crashes: number;
}

/** The finished work in the store of a dead server. */
export interface Remains {
  /** Witness time at which nothing of the server was alive any more. */
  at: number;
  integrity: string;
  /** Key: the place of a finished task instance; value: all that may not change any more. */
  finished: Map<string, string>;
}

export function checkScheduler(evidence: SchedulerEvidence): Finding[] {
  const { lines, ledger, remains } = evidence;
  const store = new Database(evidence.storePath, { readonly: true });
  try {
    return [
      everythingHasEnded(store, lines),
      runsAreThereOnce(store, ledger),
      writesAreKept(store, ledger, lines),
      childrenAreTriggeredOnce(store, ledger),
      attemptsDoNotOverlap(lines),
      historyIsKept(store, remains, lines, ledger),
      logsAreComplete(evidence.taskLogFolder, lines, evidence.logsMayLack),
      ticksAreWithoutGap(store),
      mailsArrive(store, evidence.messageIds, evidence.crashes),
      storesAreSound(store, remains),
    ];
  } finally {
    store.close();
  }
}

/** Reads what a killed server left, from a copy: the server's own files stay as the kill left them. */
export function readRemains(storePath: string, copyPath: string, at: number): Remains {
  for (const ending of ['', '-wal']) {
    if (existsSync(storePath + ending)) copyFileSync(storePath + ending, copyPath + ending);
  }
  const store = new Database(copyPath);
  try {
    const integrity = store.pragma('integrity_check', { simple: true }) as string;
    return { at, integrity, finished: hasTables(store) ? finishedWork(store) : new Map() };
  } finally {
    store.close();
  }
}

function hasTables(store: Database.Database): boolean {
  return store.prepare(`select count(*) from sqlite_master where name = 'task_instance'`).pluck().get() === 1;
}

const final = `('success', 'failed', 'skipped', 'upstream_failed')`;

function finishedWork(store: Database.Database): Map<string, string> {
  const rows = store
    .prepare(
      `select ti.dag_id as dag, run.run_id as run, ti.task_id as task, ti.map_index as map,
         ti.state || ' try ' || ti.try_number || ' ended ' || coalesce(ti.ended_at, '') as value
       from task_instance ti join dag_run run on run.id = ti.dag_run_id where ti.state in ${final}`,
    )
    .all() as (Place & { value: string })[];
  return new Map(rows.map((row) => [instanceOf(row), row.value]));
}

type Place = { dag: string; run: string; task: string; map: number };

/** I1, I12: nothing is left under way; work fails only where it was made to, or was lost too often in a row. */
function everythingHasEnded(store: Database.Database, lines: WitnessLine[]): Finding {
  const faults: string[] = [];
  const instances = store
    .prepare(
      `select ti.dag_id as dag, run.run_id as run, ti.task_id as task, ti.map_index as map, ti.state, ti.try_number as tries,
         ti.error, run.state as runState
       from dag_run run left join task_instance ti on ti.dag_run_id = run.id`,
    )
    .all() as (Place & { state: string | null; tries: number; error: string | null; runState: string })[];
  const begun = groupBy(
    lines.filter(({ what }) => what === 'start'),
    instanceOf,
  );
  for (const row of instances) {
    if (row.runState !== 'success' && row.runState !== 'failed')
      faults.push(`run ${row.dag} ${row.run} is ${row.runState}`);
    if (row.task === null) continue;
    const place = instanceOf(row);
    if (!['success', 'failed', 'skipped', 'upstream_failed'].includes(row.state ?? ''))
      faults.push(`${place} is ${row.state}`);
    if (row.state === 'success' && !begun.has(place) && row.task !== 'hand_over')
      faults.push(`${place} succeeded and never began`);
    if (row.state === 'failed' && !mayFail.has(row.dag.replace(/_\d+$/, '')) && !/times in a row/.test(row.error ?? ''))
      faults.push(`${place} failed: ${row.error}`);
  }
  const runs = new Set(instances.map(({ dag, run }) => `${dag} ${run}`)).size;
  return finding('lost', 'everything that began has ended', faults, `${runs} runs, ${instances.length} task instances`);
}

/** DAGs of the rig whose tasks fail on purpose. */
const mayFail = new Set(['mail', 'poison', 'endless', 'flood']);

/** I3, I10: a run that the server said it has is there; each is there once. */
function runsAreThereOnce(store: Database.Database, ledger: Ledger): Finding {
  const runs = store
    .prepare(`select dag_id || ' ' || run_id from dag_run where run_type = 'manual' and parent_dag_run_id is null`)
    .pluck()
    .all() as string[];
  const there = new Set(runs);
  const asked = new Map([...ledger.runs].map(([runId, run]) => [`${run.dagId} ${runId}`, run.acknowledged]));
  const lost = [...asked].filter(([run, acknowledged]) => acknowledged && !there.has(run)).map(([run]) => run);
  const strange = runs.filter((run) => !asked.has(run));
  const faults = [
    ...lost.map((run) => `the server said it had run ${run}, which is gone`),
    ...repeated(runs).map((run) => `run ${run} is there twice`),
    ...strange.map((run) => `nobody asked for run ${run}`),
  ];
  return finding(
    'lost',
    'each run that was accepted is there once',
    faults,
    `${asked.size} asked for, ${there.size} there`,
  );
}

/** I10: notes stand, and a run that was cleared has run again. */
function writesAreKept(store: Database.Database, ledger: Ledger, lines: WitnessLine[]): Finding {
  const faults: string[] = [];
  const note = store.prepare('select note from dag_run where run_id = ?').pluck();
  for (const [runId, { note: written, acknowledged }] of ledger.notes) {
    const found = note.get(runId) as string | null | undefined;
    if (acknowledged && found !== written)
      faults.push(`the note of ${runId} is ${JSON.stringify(found)}, not ${JSON.stringify(written)}`);
  }
  const lastBegin = new Map<string, number>();
  for (const { run, task, what, at } of lines) {
    if (task === 'first' && what === 'start') lastBegin.set(run, Math.max(at, lastBegin.get(run) ?? 0));
  }
  for (const [runId, { acknowledged, askedAt }] of ledger.clears) {
    if (acknowledged && (lastBegin.get(runId) ?? 0) < askedAt)
      faults.push(`${runId} was cleared and did not run again`);
  }
  return finding(
    'lost',
    'writes that were accepted are kept',
    faults,
    `${ledger.notes.size} notes, ${ledger.clears.size} runs cleared`,
  );
}

/** I3: a task that triggers a run triggers one, however often it was started; one more each time that it was cleared. */
function childrenAreTriggeredOnce(store: Database.Database, ledger: Ledger): Finding {
  const parents = store
    .prepare(
      `select parent.run_id as run, count(child.id) as children from dag_run parent
       join task_instance ti on ti.dag_run_id = parent.id and ti.task_id = 'hand_over' and ti.state = 'success'
       left join dag_run child on child.parent_dag_run_id = parent.id group by parent.id`,
    )
    .all() as { run: string; children: number }[];
  const faults = parents.flatMap(({ run, children }) => {
    const cleared = ledger.clears.get(run);
    const wanted = cleared ? (cleared.acknowledged ? [2] : [1, 2]) : [1];
    return wanted.includes(children) ? [] : [`${run} triggered ${children} runs instead of ${wanted.join(' or ')}`];
  });
  return finding('twice', 'a task that triggers a run triggers one', faults, `${parents.length} tasks that trigger`);
}

/** I9: what was finished when a server died has stayed as it was, and was not done again. */
function historyIsKept(store: Database.Database, remains: Remains[], lines: WitnessLine[], ledger: Ledger): Finding {
  const now = finishedWork(store);
  const lastBegin = new Map<string, number>();
  for (const line of lines) {
    if (line.what === 'start') lastBegin.set(instanceOf(line), line.at);
  }
  const faults: string[] = [];
  let compared = 0;
  for (const { at, finished } of remains) {
    for (const [place, was] of finished) {
      if (ledger.clears.has(place.split(' ')[1] as string)) continue;
      compared += 1;
      if (now.get(place) !== was) faults.push(`${place} was ${was} and is ${now.get(place) ?? 'not finished'}`);
      if ((lastBegin.get(place) ?? 0) > at) faults.push(`${place} was ${was} and began again`);
    }
  }
  return finding(
    'twice',
    'what was finished stays finished',
    [...new Set(faults)],
    `${compared} task instances compared after ${remains.length} crashes`,
  );
}

/** What matches in whole lines of a file of any size: a task that floods its log may write more than a string can hold. */
function* linesWith(path: string, pattern: RegExp): Generator<RegExpMatchArray> {
  const fd = openSync(path, 'r');
  try {
    const buffer = Buffer.alloc(1 << 24);
    let rest = '';
    for (let read = readSync(fd, buffer); read > 0; read = readSync(fd, buffer)) {
      const text = rest + buffer.toString('latin1', 0, read);
      const end = text.lastIndexOf('\n') + 1;
      yield* text.slice(0, end).matchAll(pattern);
      rest = text.slice(end).slice(-10_000);
    }
    yield* rest.matchAll(pattern);
  } finally {
    closeSync(fd);
  }
}

/** I8: what a task printed before it told the witness is in its log, whole and in order. */
function logsAreComplete(folder: string, lines: WitnessLine[], mayLack: boolean): Finding {
  const printed = new Map<string, { numbers: number[]; path: string }>();
  const paths = existsSync(folder)
    ? readdirSync(folder, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => join(entry.parentPath, entry.name))
    : [];
  for (const path of paths) {
    for (const [, attempt, n] of linesWith(path, /witness (\S+) (\d+)$/gm)) {
      const known = printed.get(attempt as string) ?? { numbers: [], path };
      known.numbers.push(Number(n));
      printed.set(attempt as string, known);
    }
  }
  const faults: string[] = [];
  for (const [attempt, said] of groupBy(lines, ({ attempt }) => attempt)) {
    const { numbers = [], path = '' } = printed.get(attempt) ?? {};
    const most = Math.max(...said.map(({ n }) => n));
    const place = instanceOf(said[0] as WitnessLine);
    if (mayLack) {
      if (numbers.some((n, index) => index > 0 && n <= (numbers[index - 1] as number)))
        faults.push(`the log of ${place} is out of order`);
      continue;
    }
    if (numbers.length < most)
      faults.push(`the log of ${place} has ${numbers.length} of ${most} lines of attempt ${attempt}`);
    else if (numbers.some((n, index) => n !== index + 1)) faults.push(`the log of ${place} is out of order`);
    else if (!new RegExp(`/${(said[0] as WitnessLine).task}[./]`).test(path))
      faults.push(`the log of ${place} is in ${path}`);
  }
  return finding(
    'lost',
    'every line that was printed is in its log',
    faults,
    `${lines.length} lines of ${printed.size} attempts`,
  );
}

const tickMs = 1_000;

/** I13: a DAG that is due every second, with catch-up, has a run for each second from its first to its last. */
function ticksAreWithoutGap(store: Database.Database): Finding {
  const dates = store
    .prepare(`select logical_date from dag_run where dag_id = 'tick' order by logical_date`)
    .pluck()
    .all() as number[];
  const faults = dates.flatMap((date, index) => {
    const before = dates[index - 1];
    if (before === undefined || date - before === tickMs) return [];
    return [`after ${new Date(before).toISOString()} comes ${new Date(date).toISOString()}`];
  });
  return finding('lost', 'a schedule has no gap and no double', faults, `${dates.length} runs of one second each`);
}

/** I7: under one Message-ID each, at least once, and again only where a crash came between sending and writing it down. */
function mailsArrive(store: Database.Database, messageIds: string[], crashes: number): Finding {
  const mails = store.prepare('select message_id as id, state from email').all() as { id: string; state: string }[];
  const known = new Set(mails.map(({ id }) => id));
  const copies = groupBy(messageIds, (id) => id);
  const faults = [
    ...mails.filter(({ state }) => state !== 'sent').map(({ id, state }) => `mail ${id} is ${state}`),
    ...mails.filter(({ id }) => !copies.has(id)).map(({ id }) => `mail ${id} never arrived`),
    ...[...copies.keys()].filter((id) => !known.has(id)).map((id) => `mail ${id} is not in the outbox`),
  ];
  const extra = messageIds.length - copies.size;
  if (extra > crashes) faults.push(`${extra} mails arrived again after ${crashes} crashes`);
  return finding(
    'lost',
    'each mail arrives under its one Message-ID',
    faults,
    `${mails.length} mails, ${extra} came again`,
  );
}

/** I10: the database file is whole, after each kill and in the end. */
function storesAreSound(store: Database.Database, remains: Remains[]): Finding {
  const found = [
    ...remains.map(({ integrity }) => integrity),
    store.pragma('integrity_check', { simple: true }) as string,
  ];
  return finding(
    'lost',
    'the metadata database is sound',
    found.filter((text) => text !== 'ok'),
    `${found.length} integrity checks`,
  );
}
