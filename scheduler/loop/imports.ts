import { assertNever } from '../../kernel/json.js';
import type { ImportError, ImportedFile, SerializedDag, SerializedSchedule } from '../model/dag.js';
import { database } from '../store/database.js';
import type { StoreDriver } from '../store/driver.js';
import { loadSchedulePlace } from '../store/loading/load-live.js';
import * as dags from '../store/transitions/write-dag.js';
import { timetableOf } from '../timetable/timetable.js';
import { DagVersion, LiveDag } from './live-state.js';
import type { Turn } from './turn.js';

/** What became of the DAG files that were looked at. */
export interface Imports {
  files: ImportedFile[];
  errors: ImportError[];
  /** Files that are gone, by their path. */
  removed: string[];
}

interface Place {
  lastVersion: number;
  latest: { id: number; bundleHash: string; text: string } | null;
  schedule: Awaited<ReturnType<typeof loadSchedulePlace>>;
}

/**
 * Reads what the imports are compared with, and returns the change to make in a turn. A DAG gets a new version only
 * when its graph or its bundle differs from the latest; one that no file declares any more becomes stale.
 */
export async function prepareImports(store: StoreDriver, imports: Imports): Promise<(turn: Turn) => void> {
  const places = new Map<string, Place>();
  for (const { dags: declared } of imports.files) {
    for (const dag of declared) places.set(dag.dagId, await readPlace(store, dag));
  }
  return (turn) => {
    for (const file of imports.files) saveFile(turn, file, places);
    for (const error of imports.errors) {
      turn.write(dags.deleteImportErrors(error.fileloc));
      turn.write(dags.insertImportError(error, turn.now));
    }
    for (const fileloc of imports.removed) {
      turn.write(dags.deleteImportErrors(fileloc));
      turn.write(dags.deleteDagFile(fileloc));
      markStale(turn, fileloc, new Set());
    }
    turn.events.push({ kind: 'import_errors', at: turn.now });
  };
}

function saveFile(turn: Turn, file: ImportedFile, places: ReadonlyMap<string, Place>): void {
  turn.write(dags.deleteImportErrors(file.fileloc));
  turn.write(dags.upsertDagFile(file, turn.now));
  for (const dag of file.dags) saveDag(turn, file, dag, places.get(dag.dagId) as Place);
  markStale(turn, file.fileloc, new Set(file.dags.map((dag) => dag.dagId)));
}

function saveDag(turn: Turn, file: ImportedFile, dag: SerializedDag, place: Place): void {
  const known = turn.live.dags.get(dag.dagId);
  const version = versionOf(turn, file, dag, place, known);
  const live = known ?? newLiveDag(turn, file, dag, version, place);
  live.fileloc = file.fileloc;
  live.isStale = false;
  for (const date of place.schedule.taken) live.takenDates.add(date);
  if (live.version !== version) live.setVersion(version);
  turn.live.dags.set(dag.dagId, live);
  turn.write(
    dags.updateDag(dag, {
      fileloc: file.fileloc,
      versionId: version.id,
      scheduleSummary: summaryOf(dag.schedule),
      at: turn.now,
    }),
  );
  turn.script(() => dags.saveAssetReferences(dag, turn.now));
  live.armedFor = null;
  turn.touchedDags.add(dag.dagId);
  turn.events.push({ kind: 'dag', at: turn.now, dagId: dag.dagId, what: 'imported' });
}

/** The version that the file declares: the latest one when it is the same, else a new one. */
function versionOf(
  turn: Turn,
  file: ImportedFile,
  dag: SerializedDag,
  place: Place,
  known: LiveDag | undefined,
): DagVersion {
  const text = JSON.stringify(dag);
  const { latest } = place;
  if (known && latest?.id === known.version.id && latest.bundleHash === file.bundleHash && latest.text === text) {
    return known.version;
  }
  turn.live.ids.dagVersion += 1;
  const version = new DagVersion({
    id: turn.live.ids.dagVersion,
    number: Math.max(place.lastVersion, known?.version.number ?? 0) + 1,
    bundleHash: file.bundleHash,
    dag,
  });
  turn.live.versions.set(version.id, version);
  if (!known) turn.write(dags.insertDag(dag, file.fileloc, turn.now));
  turn.write(
    dags.insertDagVersion({
      id: version.id,
      dag_id: dag.dagId,
      version_number: version.number,
      bundle_hash: file.bundleHash,
      serialized_json: text,
      source: file.source,
      created_at: turn.now,
    }),
  );
  return version;
}

function newLiveDag(turn: Turn, file: ImportedFile, dag: SerializedDag, version: DagVersion, place: Place): LiveDag {
  const live = new LiveDag({
    dagId: dag.dagId,
    fileloc: file.fileloc,
    isPaused: dag.isPausedUponCreation,
    isStale: false,
    version,
    lastInterval: place.schedule.lastInterval,
  });
  for (const run of turn.live.runs.values()) if (run.dagId === dag.dagId) live.runs.add(run);
  return live;
}

function markStale(turn: Turn, fileloc: string, declared: ReadonlySet<string>): void {
  for (const dag of turn.live.dags.values()) {
    if (dag.fileloc !== fileloc || declared.has(dag.dagId) || dag.isStale) continue;
    dag.isStale = true;
    turn.write(dags.setDagStale(dag.dagId));
    turn.events.push({ kind: 'dag', at: turn.now, dagId: dag.dagId, what: 'stale' });
  }
}

async function readPlace(store: StoreDriver, dag: SerializedDag): Promise<Place> {
  const [latest] = await store.read(
    database
      .selectFrom('dag_version')
      .select(['id', 'version_number', 'bundle_hash', 'serialized_json'])
      .where('dag_id', '=', dag.dagId)
      .orderBy('version_number', 'desc')
      .limit(1)
      .compile(),
  );
  return {
    lastVersion: latest?.version_number ?? 0,
    latest: latest ? { id: latest.id, bundleHash: latest.bundle_hash, text: latest.serialized_json } : null,
    schedule: await loadSchedulePlace(store, dag.dagId, timetableOf(dag)),
  };
}

/** The schedule in a few words, for lists. */
function summaryOf(schedule: SerializedSchedule): string {
  switch (schedule.kind) {
    case 'none':
      return 'None';
    case 'once':
      return '@once';
    case 'continuous':
      return '@continuous';
    case 'every':
      return `every ${schedule.everyMs / 1_000} s`;
    case 'cron':
      return schedule.summary;
    case 'assets':
      return 'Asset';
    case 'asset_or_time':
      return `Asset or ${schedule.crons.join(', ')}`;
    default:
      return assertNever(schedule);
  }
}
