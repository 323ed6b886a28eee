import { assertNever } from '../../kernel/json.js';
import type { TriggerRule } from '../model/states.js';

/** How many upstream task instances are in which state. */
export interface UpstreamCounts {
  success: number;
  failed: number;
  skipped: number;
  upstreamFailed: number;
  removed: number;
  /** All of them, finished or not. */
  total: number;
}

/** For a teardown: its setups. */
export interface SetupCounts {
  total: number;
  success: number;
  skipped: number;
}

export type RuleVerdict =
  | { kind: 'run' }
  | { kind: 'wait'; reason: string }
  | { kind: 'set'; state: 'skipped' | 'upstream_failed' | 'removed'; reason: string };

const run: RuleVerdict = { kind: 'run' };

/**
 * What the trigger rule says. A state may be set before all upstreams have finished: failure beats skip in
 * `all_success`, and what can no longer come true is settled at once. Removed instances never hold a task back.
 */
export function triggerRuleVerdict(
  rule: TriggerRule,
  counts: UpstreamCounts,
  place: { mapIndex: number; setups: SetupCounts | null },
): RuleVerdict {
  if (counts.total === 0 || rule === 'always') return run;
  const { success, failed, skipped, upstreamFailed, removed, total } = counts;
  const done = success + failed + skipped + upstreamFailed + removed;
  const allDone = done >= total;
  const broken = failed + upstreamFailed;
  const wait = (need: string): RuleVerdict => ({
    kind: 'wait',
    reason: `${rule}: ${need}; of ${total} upstream ${spell(counts)}`,
  });
  const set = (state: 'skipped' | 'upstream_failed' | 'removed', because: string): RuleVerdict => ({
    kind: 'set',
    state,
    reason: `${rule}: ${because} (of ${total} upstream ${spell(counts)})`,
  });

  switch (rule) {
    case 'all_success':
      if (broken > 0) return set('upstream_failed', 'an upstream task failed');
      if (skipped > 0) return set('skipped', 'an upstream task was skipped');
      if (removed > 0 && success > 0 && place.mapIndex >= success) return set('removed', 'its upstream was removed');
      return total - success - removed <= 0 ? run : wait('all upstream tasks must succeed');
    case 'all_failed':
      if (success > 0 || skipped > 0) return set('skipped', 'an upstream task did not fail');
      return total - broken - removed <= 0 ? run : wait('all upstream tasks must fail');
    case 'all_done':
      return allDone ? run : wait('all upstream tasks must finish');
    case 'all_done_min_one_success':
      if (skipped > 0) return set('skipped', 'an upstream task was skipped');
      if (!allDone) return wait('all upstream tasks must finish, one with success');
      return success > 0 ? run : set('upstream_failed', 'no upstream task succeeded');
    case 'all_done_setup_success':
      return teardownVerdict(allDone, place.setups, wait, set);
    case 'one_success':
      if (success > 0) return run;
      if (!allDone) return wait('one upstream task must succeed');
      return skipped >= done
        ? set('skipped', 'all were skipped')
        : set('upstream_failed', 'no upstream task succeeded');
    case 'one_failed':
      if (broken > 0) return run;
      return allDone ? set('skipped', 'no upstream task failed') : wait('one upstream task must fail');
    case 'one_done':
      if (success + failed > 0) return run;
      return allDone ? set('skipped', 'no upstream task ran') : wait('one upstream task must succeed or fail');
    case 'none_failed':
      if (broken > 0) return set('upstream_failed', 'an upstream task failed');
      return total - success - skipped - removed <= 0 ? run : wait('all upstream tasks must succeed or be skipped');
    case 'none_failed_min_one_success':
      if (broken > 0) return set('upstream_failed', 'an upstream task failed');
      if (skipped >= total) return set('skipped', 'all upstream tasks were skipped');
      return total - success - skipped - removed <= 0 ? run : wait('all upstream tasks must succeed or be skipped');
    case 'none_skipped':
      if (skipped > 0) return set('skipped', 'an upstream task was skipped');
      return allDone ? run : wait('all upstream tasks must finish, none skipped');
    case 'all_skipped':
      if (success + broken > 0) return set('skipped', 'an upstream task was not skipped');
      return skipped + removed >= total ? run : wait('all upstream tasks must be skipped');
    default:
      return assertNever(rule);
  }
}

/** A teardown runs when all is over, if one of its setups has succeeded. */
function teardownVerdict(
  allDone: boolean,
  setups: SetupCounts | null,
  wait: (need: string) => RuleVerdict,
  set: (state: 'skipped' | 'upstream_failed', because: string) => RuleVerdict,
): RuleVerdict {
  if (!allDone) return wait('all upstream tasks must finish');
  if (setups === null || setups.total === 0 || setups.success > 0) return run;
  if (setups.skipped >= setups.total) return set('skipped', 'its setups were skipped');
  return set('upstream_failed', 'none of its setups succeeded');
}

function spell(counts: UpstreamCounts): string {
  const done = counts.success + counts.failed + counts.skipped + counts.upstreamFailed + counts.removed;
  const parts: [number, string][] = [
    [counts.success, 'success'],
    [counts.failed, 'failed'],
    [counts.skipped, 'skipped'],
    [counts.upstreamFailed, 'upstream_failed'],
    [counts.removed, 'removed'],
    [counts.total - done, 'unfinished'],
  ];
  return parts
    .filter(([count]) => count > 0)
    .map(([count, word]) => `${count} ${word}`)
    .join(', ');
}
