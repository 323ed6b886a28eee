import { describe, expect, it } from 'vitest';
import { diffLines } from '../../server/code/diff.js';
import { typescript } from '../../server/code/highlight.js';
import { numberFormat } from '../../server/dashboards/number-format.js';
import { parseDashboard } from '../../server/dashboards/parse-dashboard.js';
import { formatBytes, formatDuration, formatRelative, knownZone, ZonedFormat } from '../../server/format.js';
import { paramFields, readParams } from '../../server/forms/param-fields.js';
import { matchPath } from '../../server/route-match.js';
import { scheduleWords } from '../../server/schedule-words.js';
import { worstState } from '../../server/states.js';
import { usual } from '../../server/statistics.js';

describe('words for people', () => {
  it.each([
    [0, '0 ms'],
    [340, '340 ms'],
    [1500, '1.5 s'],
    [18_200, '18.2 s'],
    [64_000, '1m 04s'],
    [7_500_000, '2h 05m'],
    [277_200_000, '3d 05h'],
    [null, '—'],
  ])('says %j ms as %s', (ms, words) => expect(formatDuration(ms)).toBe(words));

  it.each([
    [-500, 'just now'],
    [-41_000, '41 s ago'],
    [-480_000, '8 m ago'],
    [3_060_000, 'in 51 m'],
    [-100 * 3_600_000, '4 d ago'],
  ])('says %j ms from now as %s', (distance, words) => expect(formatRelative(1e12 + distance, 1e12)).toBe(words));

  it.each([
    ['*/5 * * * *', 'Every 5 minutes'],
    ['* * * * *', 'Every minute'],
    ['0 * * * *', 'Hourly'],
    ['0 18 * * *', 'Daily at 18:00'],
    ['30 6 * * 1-5', 'Weekdays at 06:30'],
    ['0 5 * * 1', 'Mondays at 05:00'],
    ['0 7 1 * *', '1st of the month, 07:00'],
    ['0 */4 * * *', 'Every 4 hours'],
    ['5,35 9-17 * * *', '5,35 9-17 * * *'],
    ['@daily', 'Daily at 00:00'],
    ['After x', 'After x'],
  ])('says the schedule %s as %s', (cron, words) => expect(scheduleWords(cron)).toBe(words));

  it('writes bytes and times', () => {
    expect([999, 9400, 2_100_000].map(formatBytes)).toEqual(['999 B', '9.4 kB', '2.1 MB']);
    expect(new ZonedFormat('Europe/Berlin').format(Date.UTC(2026, 10, 21, 14), 'full')).toBe('21 Nov 2026, 15:00:00');
    expect([knownZone('Mars/Base'), knownZone('Asia/Tokyo'), knownZone(undefined)]).toEqual([
      'UTC',
      'Asia/Tokyo',
      'UTC',
    ]);
    expect(numberFormat('usd0k').full(1_033_980)).toBe('$1.03M');
    expect(numberFormat('usd2').full(-1113.95)).toBe('−$1,113.95');
    expect(numberFormat('pct1').full(0.0385)).toBe('3.9 %');
  });

  it('lets one state stand for many', () => {
    expect(worstState(['success', 'failed', 'running'])).toBe('failed');
    expect(worstState(['success', null])).toBe('running');
    expect(worstState([null])).toBeNull();
    expect(worstState(['success', 'skipped'])).toBe('success');
  });

  it('calls slow only what is beyond the usual', () => {
    expect(usual([]).median).toBeNull();
    expect(usual([10, 10, 10]).slowFrom).toBeNull();
    expect(usual([100, 102, 98, 101, 99, 100]).slowFrom).toBe(120);
  });
});

describe('a dashboard', () => {
  it('is Markdown, queries and components in their order', () => {
    const dashboard = parseDashboard(
      '---\ntitle: T\nrefreshes_with: d\n---\n# Hi\n\n```sql a\nselect 1\n```\n<BigValue data={a} value=one\n  title="The one" />\nafter\n',
    );
    expect(dashboard).toMatchObject({ title: 'T', refreshesWith: 'd', queries: [{ name: 'a', sql: 'select 1' }] });
    expect(dashboard.parts).toMatchObject([
      { kind: 'markdown' },
      { kind: 'component', component: 'BigValue', query: 'a', options: { value: 'one', title: 'The one' } },
      { kind: 'markdown', text: 'after\n' },
    ]);
  });

  it.each([
    ['---\na: [\n---\n', /front matter/],
    ['```sql a\nselect 1', /line 1: the query a has no end/],
    ['\n<Pie data={a} />', /line 2: there is no component Pie/],
    ['<BigValue data={b} />', /no query is called b/],
    ['<BigValue value=x />', /names no data/],
  ])('names the line of its fault: %j', (source, words) => expect(() => parseDashboard(source)).toThrow(words));
});

describe('parts of pages', () => {
  it('reads a form back by the schema of the params', () => {
    const fields = paramFields(
      {
        type: 'object',
        required: ['n'],
        properties: {
          n: { type: 'integer', minimum: 1 },
          on: { type: 'boolean' },
          pick: { type: 'string', enum: ['a', 'b'] },
          many: { type: 'array', items: { enum: [1, 2] } },
          list: { type: 'array', items: { type: 'string' } },
          any: {},
        },
      },
      {},
    );
    expect(fields.map((field) => field.kind)).toEqual(['integer', 'boolean', 'choice', 'choices', 'list', 'json']);
    expect(
      readParams(fields, {
        'param.n': '5',
        'param.pick': 'b',
        'param.many': ['1', '2'],
        'param.list': 'x\n\n y ',
        'param.any': '{"z": 1}',
      }),
    ).toEqual({ n: 5, on: false, pick: 'b', many: [1, 2], list: ['x', 'y'], any: { z: 1 } });
    expect(readParams(fields, { 'param.n': 'five', 'param.any': '{' })).toMatchObject({ n: 'five', any: '{' });
  });

  it('shows what differs with what stands around it', () => {
    const lines = Array.from({ length: 20 }, (_, index) => `line ${index}`);
    const changed = [...lines.slice(0, 10), 'new', ...lines.slice(11)];
    expect(diffLines(lines.join('\n'), lines.join('\n'))).toEqual([]);
    const shown = diffLines(lines.join('\n'), changed.join('\n'));
    expect(shown.filter((line) => line.kind !== 'same')).toEqual([
      { kind: 'gap', text: '' },
      { kind: 'gone', text: 'line 10' },
      { kind: 'new', text: 'new' },
      { kind: 'gap', text: '' },
    ]);
  });

  it('colours code without losing or adding a character', () => {
    // biome-ignore lint/suspicious/noTemplateCurlyInString: code that holds a template
    const source = "const a = 'x < y'; // <b>\nif (a) { call(`z\n${a}`); }";
    const text = typescript(source).text;
    const plain = text
      .replace(/<span class="ln"[^>]*>/g, '\n')
      .replace(/<[^>]+>/g, '')
      .replaceAll('&lt;', '<')
      .replaceAll('&gt;', '>')
      .replaceAll('&#39;', "'")
      .slice(1);
    expect(plain).toBe(source);
    expect(text).toContain('<span class="k">const</span>');
  });

  it('matches paths part by part', () => {
    expect(matchPath('/dags/:dagId/runs/:runId', '/dags/a%2Fb/runs/x%2B1')).toEqual({ dagId: 'a/b', runId: 'x+1' });
    expect(matchPath('/dags/:dagId', '/dags/a/b')).toBeUndefined();
    expect(matchPath('/dags/:dagId', '/dags/')).toBeUndefined();
    expect(matchPath('/dags/:dagId', '/dags/%')).toBeUndefined();
  });
});
