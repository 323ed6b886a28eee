import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { triggerRuleVerdict, type UpstreamCounts } from '../../../scheduler/decide/trigger-rule.js';
import { type TriggerRule, triggerRules } from '../../../scheduler/model/states.js';

type Verdict = 'run' | 'wait' | 'skipped' | 'upstream_failed' | 'removed';

/** Counts as letters: s success, f failed, k skipped, u upstream_failed, r removed, p unfinished. */
function counts(text: string): UpstreamCounts {
  const count = (letter: string) => [...text].filter((one) => one === letter).length;
  return {
    success: count('s'),
    failed: count('f'),
    skipped: count('k'),
    upstreamFailed: count('u'),
    removed: count('r'),
    total: text.length,
  };
}

const table: [rule: TriggerRule, upstream: string, verdict: Verdict][] = [
  ['all_success', '', 'run'],
  ['all_success', 'ss', 'run'],
  ['all_success', 'sp', 'wait'],
  ['all_success', 'pf', 'upstream_failed'],
  ['all_success', 'pu', 'upstream_failed'],
  ['all_success', 'pk', 'skipped'],
  ['all_success', 'fk', 'upstream_failed'],
  ['all_failed', 'ff', 'run'],
  ['all_failed', 'fu', 'run'],
  ['all_failed', 'fp', 'wait'],
  ['all_failed', 'sp', 'skipped'],
  ['all_failed', 'kp', 'skipped'],
  ['all_done', 'sfkur', 'run'],
  ['all_done', 'sfp', 'wait'],
  ['all_done_min_one_success', 'sf', 'run'],
  ['all_done_min_one_success', 'ss', 'run'],
  ['all_done_min_one_success', 'sk', 'skipped'],
  ['all_done_min_one_success', 'kp', 'skipped'],
  ['all_done_min_one_success', 'ff', 'upstream_failed'],
  ['all_done_min_one_success', 'uu', 'upstream_failed'],
  ['all_done_min_one_success', 'sp', 'wait'],
  ['one_success', 'sp', 'run'],
  ['one_success', 'fp', 'wait'],
  ['one_success', 'kk', 'skipped'],
  ['one_success', 'kfur', 'upstream_failed'],
  ['one_success', 'ff', 'upstream_failed'],
  ['one_failed', 'fp', 'run'],
  ['one_failed', 'up', 'run'],
  ['one_failed', 'ss', 'skipped'],
  ['one_failed', 'kf', 'run'],
  ['one_failed', 'ku', 'run'],
  ['one_failed', 'sp', 'wait'],
  ['one_done', 'sp', 'run'],
  ['one_done', 'fp', 'run'],
  ['one_done', 'up', 'wait'],
  ['one_done', 'kk', 'skipped'],
  ['one_done', 'uu', 'skipped'],
  ['none_failed', 'sk', 'run'],
  ['none_failed', 'kk', 'run'],
  ['none_failed', 'pf', 'upstream_failed'],
  ['none_failed', 'pu', 'upstream_failed'],
  ['none_failed', 'sp', 'wait'],
  ['none_failed_min_one_success', 'sk', 'run'],
  ['none_failed_min_one_success', 'kk', 'skipped'],
  ['none_failed_min_one_success', 'kp', 'wait'],
  ['none_failed_min_one_success', 'pf', 'upstream_failed'],
  ['none_skipped', 'sf', 'run'],
  ['none_skipped', 'su', 'run'],
  ['none_skipped', 'kp', 'skipped'],
  ['none_skipped', 'sp', 'wait'],
  ['all_skipped', 'kk', 'run'],
  ['all_skipped', 'kp', 'wait'],
  ['all_skipped', 'sp', 'skipped'],
  ['all_skipped', 'up', 'skipped'],
  ['always', 'pp', 'run'],
  ['always', 'ff', 'run'],
];

describe('a trigger rule', () => {
  it.each(table)('%s with upstream "%s": %s', (rule, upstream, expected) => {
    expect(verdictOf(rule, upstream)).toBe(expected);
  });

  it('is met by a task without upstream, whatever it is', () => {
    for (const rule of triggerRules) expect(verdictOf(rule, '')).toBe('run');
  });

  it('removes a mapped instance whose upstream instances were removed', () => {
    const verdict = triggerRuleVerdict('all_success', counts('sssrr'), { mapIndex: 3, setups: null });
    expect(verdict).toMatchObject({ kind: 'set', state: 'removed' });
    expect(verdictOf('all_failed', 'fffrr')).toBe('run');
    expect(verdictOf('none_failed', 'sssrr')).toBe('run');
  });

  const setupTable: [
    upstream: string,
    setups: { total: number; success: number; skipped: number },
    verdict: Verdict,
  ][] = [
    ['ss', { total: 1, success: 1, skipped: 0 }, 'run'],
    ['sp', { total: 1, success: 1, skipped: 0 }, 'wait'],
    ['fs', { total: 1, success: 1, skipped: 0 }, 'run'],
    ['sf', { total: 1, success: 0, skipped: 0 }, 'upstream_failed'],
    ['sff', { total: 2, success: 1, skipped: 0 }, 'run'],
    ['sfk', { total: 2, success: 0, skipped: 1 }, 'upstream_failed'],
    ['skk', { total: 2, success: 0, skipped: 2 }, 'skipped'],
    ['f', { total: 0, success: 0, skipped: 0 }, 'run'],
  ];
  it.each(setupTable)('of a teardown: upstream "%s", setups %o: %s', (upstream, setups, expected) => {
    const verdict = triggerRuleVerdict('all_done_setup_success', counts(upstream), { mapIndex: -1, setups });
    expect(verdict.kind === 'set' ? verdict.state : verdict.kind).toBe(expected);
  });

  it('decides every case in which all upstream is over: nothing waits for ever', () => {
    const upstream = fc.array(fc.constantFrom('s', 'f', 'k', 'u', 'r'), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(fc.constantFrom(...triggerRules), upstream, (rule, states) => {
        const verdict = verdictOf(rule, states.join(''));
        // A task all of whose upstream was removed has nothing to wait for either.
        return verdict !== 'wait';
      }),
    );
  });

  it('never takes back what it has settled when more of the upstream ends', () => {
    const upstream = fc.array(fc.constantFrom('s', 'f', 'k', 'u', 'p'), { minLength: 1, maxLength: 8 });
    const later = fc.constantFrom('s', 'f', 'k', 'u');
    fc.assert(
      fc.property(fc.constantFrom(...triggerRules), upstream, later, (rule, states, end) => {
        const before = verdictOf(rule, states.join(''));
        if (before !== 'run' || !states.includes('p')) return true;
        const after = [...states];
        after[after.indexOf('p')] = end;
        return verdictOf(rule, after.join('')) === 'run';
      }),
    );
  });

  it('gives a reason whenever a task does not run', () => {
    const letters = fc.array(fc.constantFrom('s', 'f', 'k', 'u', 'r', 'p'), { maxLength: 6 });
    fc.assert(
      fc.property(fc.constantFrom(...triggerRules), letters, (rule, states) => {
        const verdict = triggerRuleVerdict(rule, counts(states.join('')), { mapIndex: -1, setups: null });
        return verdict.kind === 'run' || verdict.reason.length > 0;
      }),
    );
  });
});

function verdictOf(rule: TriggerRule, upstream: string): Verdict {
  const verdict = triggerRuleVerdict(rule, counts(upstream), { mapIndex: -1, setups: null });
  return verdict.kind === 'set' ? verdict.state : verdict.kind;
}
