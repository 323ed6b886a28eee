import { describe, expect, it } from 'vitest';
import { planBatches, sqlTime } from '../../transform/materializations/batches.js';
import { testDatabase } from '../support/postgres.js';
import { build, rowsOf, writeProject } from './projects.js';

const config = { event_time: 'at', batch_size: 'day', begin: '2026-01-01', lookback: 1 };
const plan = (options: object, changes: object = {}) =>
  planBatches(
    { ...config, ...changes },
    { isIncremental: false, now: Date.parse('2026-01-03T10:00:00Z'), where: 'm', ...options },
  ).map(({ start, end }) => `${sqlTime(start).slice(0, 13)} ${sqlTime(end).slice(0, 13)}`);

describe('batches', () => {
  it('go from begin to the end of the current one at first', () => {
    expect(plan({})).toEqual([
      '2026-01-01 00 2026-01-02 00',
      '2026-01-02 00 2026-01-03 00',
      '2026-01-03 00 2026-01-04 00',
    ]);
  });
  it('go back by the lookback later, one more when the time lies on a border', () => {
    expect(plan({ isIncremental: true })).toEqual(['2026-01-02 00 2026-01-03 00', '2026-01-03 00 2026-01-04 00']);
    expect(plan({ isIncremental: true, now: Date.parse('2026-01-03T00:00:00Z') })).toEqual([
      '2026-01-01 00 2026-01-02 00',
      '2026-01-02 00 2026-01-03 00',
    ]);
  });
  it('follow the interval that is asked for', () => {
    expect(plan({ start: '2026-01-01T05:30:00', end: '2026-01-01T07:00:00' }, { batch_size: 'hour' })).toEqual([
      '2026-01-01 05 2026-01-01 06',
      '2026-01-01 06 2026-01-01 07',
    ]);
  });
  it('know the lengths of months and years', () => {
    expect(plan({ start: '2026-01-31', end: '2026-03-01' }, { batch_size: 'month' })).toEqual([
      '2026-01-01 00 2026-02-01 00',
      '2026-02-01 00 2026-03-01 00',
    ]);
    expect(plan({ end: '2027-06-01' }, { batch_size: 'year' })).toHaveLength(2);
  });
  it('say what a model lacks', () => {
    expect(() => plan({}, { begin: null })).toThrow(/needs "begin"/);
    expect(() => plan({}, { batch_size: 'week' })).toThrow(/needs "batch_size"/);
  });
});

describe('microbatch models', () => {
  const files = (end: string) => ({
    'models/events.sql': "{{ config(materialized='view', event_time='at') }} select * from src",
    'models/m.sql': `{{ config(materialized='incremental', incremental_strategy='microbatch', unique_key='id', event_time='at', batch_size='day', begin='2026-01-01', pre_hook="insert into log values ('pre')", post_hook="insert into log values ('post')") }} select id, at, 1 / v as x, '{{ model.batch.id }}' as batch from {{ ref('events') }}`,
    end,
  });

  it('build each batch by itself and keep what succeeds', async () => {
    const url = await testDatabase();
    await rowsOf(
      url,
      `create table log (what text); create table src (id int, at timestamp, v int); insert into src values (1, '2026-01-01 10:00', 1), (2, '2026-01-02 10:00', 0), (3, '2026-01-03 10:00', 1)`,
    );
    const dir = writeProject(files(''));
    const now = { eventTime: { end: '2026-01-04' } };
    const first = (await build(dir, url, now)).get('m');
    expect(first).toMatchObject({
      status: 'partial success',
      message: expect.stringMatching(/^2 of 3 batches; division by zero/),
    });
    expect(first?.batches?.failed).toEqual([['2026-01-02T00:00:00.000Z', '2026-01-03T00:00:00.000Z']]);
    expect(await rowsOf(url, 'select id, batch from m order by 1')).toEqual([
      [1, '20260101'],
      [3, '20260103'],
    ]);
    expect((await rowsOf(url, 'select what from log')).flat()).toEqual(['pre', 'post']);
    await rowsOf(url, `update src set v = 1; insert into src values (4, '2026-01-03 11:00', 1), (5, '2025-12-31', 1)`);
    expect((await build(dir, url, { eventTime: { start: '2026-01-02', end: '2026-01-04' } })).get('m')).toMatchObject({
      status: 'success',
      message: '2 of 2 batches',
    });
    expect((await rowsOf(url, 'select id from m order by 1')).flat()).toEqual([1, 2, 3, 4]);
  });
});
