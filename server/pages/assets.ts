import { MillraceError } from '../../kernel/errors.js';
import { assetEvents, assetReferences, countAssets, listAssets } from '../../scheduler/store/queries/assets.js';
import { parseObject } from '../deps.js';
import type { Page } from '../page.js';
import { readOne } from './load-dag.js';

const pageSize = 100;
const eventsMax = 100;

/** What DAGs write and wait for. */
export const assetList: Page = {
  path: '/assets',
  async load(request, deps) {
    const offset = Math.max(0, Math.floor(Number(request.query.get('offset')) || 0));
    const [assets, total, references, events] = await Promise.all([
      deps.store.read(listAssets({ limit: pageSize, offset })),
      readOne(deps, countAssets()),
      deps.store.read(assetReferences()),
      deps.store.read(assetEvents(undefined, 20)),
    ]);
    return {
      template: 'assets',
      title: 'Assets',
      section: 'assets',
      crumbs: [{ label: 'Assets' }],
      concerns: (event) => event.kind === 'task_instance' && event.to === 'success',
      view: {
        offset,
        pageSize,
        total: total?.total ?? 0,
        events: events.map((event) => ({ ...event, extra: parseObject(event.extra_json) })),
        assets: assets.map((asset) => ({ ...asset, ...usersOf(asset.id, references) })),
      },
    };
  },
};

export const assetPage: Page = {
  path: '/assets/:id',
  async load(request, deps) {
    const id = Number(request.params['id']);
    const all = await deps.store.read(listAssets({ limit: 10_000, offset: 0 }));
    const asset = all.find((candidate) => candidate.id === id);
    if (!asset) throw new MillraceError('NOT_FOUND', `no asset has the number ${request.params['id']}`);
    const [references, events] = await Promise.all([
      deps.store.read(assetReferences()),
      deps.store.read(assetEvents(id, eventsMax)),
    ]);
    return {
      template: 'asset',
      title: asset.name,
      section: 'assets',
      crumbs: [{ label: 'Assets', href: '/assets' }, { label: asset.name }],
      concerns: (event) => event.kind === 'task_instance' && event.to === 'success',
      view: {
        asset,
        ...usersOf(id, references),
        events: events.map((event) => ({ ...event, extra: parseObject(event.extra_json) })),
      },
    };
  },
};

function usersOf(assetId: number, references: { asset_id: number; dag_id: string; task_id: string; kind: string }[]) {
  const of = (kind: string) => references.filter((row) => row.asset_id === assetId && row.kind === kind);
  return { producers: of('outlet'), consumers: of('schedule'), readers: of('inlet') };
}
