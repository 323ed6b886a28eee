import type { Response } from 'express';
import type { ClearRequest, Requester, SchedulerCommands } from '../../scheduler/model/commands.js';
import { sessionOf } from '../auth/guard.js';
import type { Session } from '../auth/sessions.js';

interface Place {
  dagId: string;
  runId: string;
  taskId: string | undefined;
  mapIndex: number | null;
}

type Options = Record<string, unknown>;

export function requesterOf(session: Session): Requester {
  return { user: session.user, via: 'ui' };
}

/** Who sent the form. */
export function requesterFrom(response: Response): Requester {
  return requesterOf(sessionOf(response));
}

/** What the boxes of the clear dialog ask for. Downstream is on unless it was unchecked. */
export function clearRequestOf(place: Place, options: Options, dryRun: boolean): ClearRequest {
  const submitted = options['chosen'] === '1';
  return {
    dagId: place.dagId,
    runId: place.runId,
    taskIds: place.taskId === undefined ? [] : [place.taskId],
    mapIndexes: place.mapIndex === null || place.mapIndex < 0 ? null : [place.mapIndex],
    onlyFailed: isOn(options['failed']),
    onlyRunning: false,
    includeUpstream: isOn(options['upstream']),
    includeDownstream: submitted ? isOn(options['downstream']) : true,
    includePast: isOn(options['past']),
    includeFuture: isOn(options['future']),
    resetDagRuns: true,
    runOnLatestVersion: isOn(options['latest']),
    dryRun,
  };
}

export type MarkRequest = Parameters<SchedulerCommands['markTaskInstances']>[0];

export function markRequestOf(place: Place, options: Options, dryRun: boolean): MarkRequest {
  const state = options['state'];
  return {
    dagId: place.dagId,
    runId: place.runId,
    taskId: place.taskId ?? '',
    mapIndex: place.mapIndex === null || place.mapIndex < 0 ? null : place.mapIndex,
    state: state === 'failed' || state === 'skipped' ? state : 'success',
    dryRun,
    includeUpstream: isOn(options['upstream']),
    includeDownstream: isOn(options['downstream']),
    includePast: isOn(options['past']),
    includeFuture: isOn(options['future']),
  };
}

export function isOn(value: unknown): boolean {
  return value === '1' || value === 'on' || value === 'true';
}
