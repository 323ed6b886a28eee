import { describe, expect, it } from 'vitest';
import { lineageArtifact, projectLineage } from '../../transform/index.js';
import { parse } from './projects.js';

const files = {
  'seeds/raw.csv': 'id,name\n',
  'models/a.sql': '',
  'models/b.sql': '',
  'models/c.sql': '',
  'models/s.yml': 'sources: [{name: outside, schema: other, tables: [{name: orders}]}]',
};

describe('the lineage of a project', () => {
  it('follows columns from model to model, known from the database or from the models themselves', async () => {
    const project = await parse({
      ...files,
      'models/a.sql': "select * from {{ ref('raw') }}",
      'models/b.sql': "select a.*, amount from {{ ref('a') }} a join {{ source('outside', 'orders') }} using (id)",
      'models/c.sql': "select sum(amount) as total, name from {{ ref('b') }} where id > 0 group by name",
    });
    const raw = project.manifest.nodes.get('seed.shop.raw')?.relation_name;
    const a = project.manifest.nodes.get('model.shop.a')?.relation_name;
    const lineage = await projectLineage(project, {
      compiled: new Map([
        ['model.shop.a', `select * from ${raw}`],
        ['model.shop.b', `select a.*, amount, name || 1 as n1 from ${a} a join "other".orders using (id)`],
        ['model.shop.c', 'select sum(amount) as total, name from PUBLIC.B where id > 0 group by name'],
      ]),
      columns: new Map([['seed.shop.raw', ['id', 'name']]]),
    });
    const from = (id: string, column: string) =>
      lineage.get(id)?.columns[column]?.map((input) => [input.uniqueId, input.column, input.transformation]);
    expect(from('model.shop.a', 'name')).toEqual([['seed.shop.raw', 'name', 'IDENTITY']]);
    expect(Object.keys(lineage.get('model.shop.b')?.columns ?? {})).toEqual(['id', 'name', 'amount', 'n1']);
    expect(from('model.shop.b', 'amount')).toEqual([['source.shop.outside.orders', 'amount', 'IDENTITY']]);
    expect(from('model.shop.c', 'total')).toEqual([['model.shop.b', 'amount', 'AGGREGATION']]);
    expect(lineage.get('model.shop.c')?.influences).toEqual([
      { uniqueId: 'model.shop.b', relation: 'public.b', column: 'id', transformation: 'FILTER' },
      { uniqueId: 'model.shop.b', relation: 'public.b', column: 'name', transformation: 'GROUP_BY' },
    ]);
    expect([...lineage.values()].flatMap(({ gaps }) => gaps)).toEqual([]);
  });

  it('says what it cannot follow, passes by what a model reads of itself, and writes it all down', async () => {
    const project = await parse(files);
    const own = project.manifest.nodes.get('model.shop.a')?.relation_name;
    const lineage = await projectLineage(project, {
      compiled: new Map([
        ['model.shop.a', `select x from elsewhere where x > (select max(x) from ${own})`],
        ['model.shop.b', `select * from ${own}, "other".orders`],
        ['model.shop.c', 'select * exclude (x) from b'],
      ]),
      columns: new Map(),
    });
    expect(lineageArtifact(lineage, {})).toEqual({
      metadata: {},
      nodes: {
        'model.shop.a': {
          columns: {
            x: { inputs: [{ unique_id: null, relation: 'elsewhere', column: 'x', transformation: 'IDENTITY' }] },
          },
          influences: [{ unique_id: null, relation: 'elsewhere', column: 'x', transformation: 'FILTER' }],
          gaps: [],
        },
        'model.shop.b': {
          columns: {
            x: {
              inputs: [{ unique_id: 'model.shop.a', relation: 'db.public.a', column: 'x', transformation: 'IDENTITY' }],
            },
          },
          influences: [],
          gaps: ['select * of other.orders, whose columns are not known'],
        },
        'model.shop.c': {
          columns: {},
          influences: [],
          gaps: [`PostgreSQL's parser cannot read it: syntax error at or near "exclude"`],
        },
      },
    });
  });
});
