import { describe, expect, it } from 'vitest';
import type { SerializedDag } from '../../../scheduler/model/dag.js';
import { dag } from '../../support/dag-builder.js';
import { Random } from '../../support/random.js';
import { type Harness, startHarness } from '../../support/scheduler-harness.js';
import { dueIn, walk } from './wall-clock.js';

const year = 2026;
const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
const from = Date.UTC(year, 0, 1);
const to = Date.UTC(year + 1, 0, 1);
const zones = ['UTC', 'Europe/Vienna', 'America/New_York', 'Australia/Lord_Howe', 'Africa/Casablanca'];
const cron = '30 2 * * *';

const due = new Map(zones.map((zone) => [zone, dueIn(walk(zone, year), year, cron)]));

/** A DAG in each zone that is due in the night in which clocks are set; nothing of it has to be run. */
const dags = (catchup: boolean): SerializedDag[] =>
  zones.map((timezone, at) =>
    dag({
      dagId: `zone${at}`,
      timezone,
      catchup,
      startDate: from,
      maxActiveRuns: 1_000,
      schedule: { kind: 'cron', crons: [cron], interval: false, summary: cron },
      tasks: [{ taskId: 't', operator: 'empty' }],
    }),
  );

const instants = [...new Set([...due.values()].flat())].sort((a, b) => a - b);

describe('a year of the real scheduler on the real store, in five zones', { timeout: 240_000 }, () => {
  it('fires exactly when the clocks on the walls say so, whatever stops, sleeps or is set meanwhile: catchup', async () => {
    const random = new Random(7);
    let harness = await startHarness({ now: from - dayMs });
    await harness.declare(...dags(true));
    for (const instant of instants) {
      if (instant <= harness.clock.now()) continue;
      harness = await through(harness, instant, random, random.chance(0.03));
    }
    await goTo(harness, to);
    // A clock that was set back has come to the end of the year as well.
    harness.setClockBy(to - harness.now());
    await harness.advanceBy(60_000);
    for (const [at, zone] of zones.entries()) expect(await datesOf(harness, at), zone).toEqual(due.get(zone));
    await harness.store.close();
  });

  it('fires at each of them while it lives, and after a time in which it did not at the latest one: no catchup', async () => {
    const random = new Random(11);
    let harness = await startHarness({ now: from - dayMs });
    await harness.declare(...dags(false));
    const awake = new Map(zones.map((zone) => [zone, new Set<number>()]));
    for (let next = 0; next < instants.length; ) {
      const sleeps = random.chance(0.05);
      const asleep = sleeps ? random.int(1, 20) : 0;
      const until = instants[Math.min(next + asleep, instants.length - 1)] as number;
      // What was missed is one run in each zone: of the latest instant that has passed.
      for (const zone of zones) {
        const passed = (due.get(zone) as number[]).filter((at) => at >= (instants[next] as number) && at <= until);
        if (passed.length > 0) awake.get(zone)?.add(passed.at(-1) as number);
      }
      if (sleeps) {
        harness = await harness.crash();
        harness.setClockBy(until - harness.now());
        await harness.advanceBy(60_000);
      } else await goTo(harness, until + (harness.clock.now() - harness.now()));
      next += asleep + 1;
    }
    for (const [at, zone] of zones.entries())
      expect(await datesOf(harness, at), zone).toEqual([...(awake.get(zone) ?? [])]);
    await harness.store.close();
  });
});

/** Goes on to an instant; an accident on the way is a crash, a clock that is set, or a machine that sleeps for days. */
async function through(harness: Harness, instant: number, random: Random, accident: boolean): Promise<Harness> {
  if (!accident) {
    await goTo(harness, instant);
    return harness;
  }
  switch (random.int(0, 3)) {
    case 0: {
      const next = await harness.crash();
      await goTo(next, instant);
      return next;
    }
    case 1:
      // Set back by up to half a day, and right again later: what was due is not due again.
      harness.setClockBy(-random.int(1, 12) * hourMs);
      await goTo(harness, instant);
      harness.setClockBy(instant - harness.now());
      await harness.advanceBy(60_000);
      return harness;
    case 2:
      // Set ahead by less than any run is away from the next, and right again.
      harness.setClockBy(60_000);
      await goTo(harness, instant);
      harness.setClockBy(harness.clock.now() - harness.now());
      return harness;
    default: {
      const later = instant + random.int(0, 6) * dayMs;
      const next = await harness.crash();
      next.setClockBy(later - next.now());
      await next.advanceBy(60_000);
      // Time itself has slept with the machine: let it catch up, so that the clock is right by it.
      next.setClockBy(-(next.now() - next.clock.now()));
      await goTo(next, later);
      return next;
    }
  }
}

/** The hours between are passed over: a year of wakes every half minute would show nothing more. */
async function goTo(harness: Harness, instant: number): Promise<void> {
  harness.clock.advanceTo(instant);
  await harness.settled();
}

async function datesOf(harness: Harness, at: number): Promise<number[]> {
  const rows = await harness.rows<{ logical_date: number }>(
    'select logical_date from dag_run where dag_id = ? order by logical_date',
    `zone${at}`,
  );
  return rows.map((row) => row.logical_date);
}
