import { listImportErrors, listPools } from '../../scheduler/store/queries/admin.js';
import { countEvents, listEvents } from '../../scheduler/store/queries/event-log.js';
import { poolUse } from '../../scheduler/store/queries/task-instances.js';
import type { AppDeps } from '../deps.js';
import { eventsOf } from '../events-of.js';
import type { Page, PageRequest, PageView } from '../page.js';
import { shownConnection, shownValue } from '../shown-secrets.js';
import { readOne } from './load-dag.js';

const eventsPage = 100;
const errorsMax = 200;

const sections = [
  { id: 'import-errors', label: 'Import errors' },
  { id: 'audit-log', label: 'Audit log' },
  { id: 'pools', label: 'Pools' },
  { id: 'variables', label: 'Variables' },
  { id: 'connections', label: 'Connections' },
  { id: 'settings', label: 'System' },
] as const;
type SectionId = (typeof sections)[number]['id'];

const loaders: Record<SectionId, (request: PageRequest, deps: AppDeps) => Promise<object>> = {
  'import-errors': async (_request, deps) => ({ errors: await deps.store.read(listImportErrors(errorsMax)) }),
  'audit-log': async (request, deps) => {
    const offset = Math.max(0, Math.floor(Number(request.query.get('offset')) || 0));
    const filter = { user: request.query.get('user') || undefined, event: request.query.get('event') || undefined };
    const [events, total] = await Promise.all([
      eventsOf(deps, listEvents(filter, { limit: eventsPage, offset })),
      readOne(deps, countEvents(filter)),
    ]);
    return { events, offset, pageSize: eventsPage, total: total?.total ?? 0 };
  },
  pools: async (_request, deps) => {
    const [pools, use] = await Promise.all([deps.store.read(listPools()), deps.store.read(poolUse())]);
    return { pools: pools.map((pool) => poolView(pool, use)) };
  },
  variables: async (_request, deps) => ({
    variables: (await deps.secrets.variables()).map((one) => ({ ...one, shown: shownValue(deps.masker, one) })),
  }),
  connections: async (_request, deps) => ({
    connections: (await deps.secrets.connections()).map(({ connection, ...one }) => ({
      ...one,
      fields: connection && shownConnection(deps.masker, connection),
    })),
  }),
  settings: async (_request, deps) => ({
    platform: deps.platform(),
    version: deps.settings.version,
    baseUrl: deps.settings.baseUrl,
  }),
};

const concerns: Partial<Record<SectionId, NonNullable<PageView['concerns']>>> = {
  'import-errors': (event) => event.kind === 'import_errors',
  pools: (event) => event.kind === 'task_instance',
  settings: () => false,
};

/** What the keeper of the server looks after. `/admin` begins with what is broken. */
export const adminPages: Page[] = [
  adminPage('/admin', 'import-errors'),
  ...sections.map(({ id }) => adminPage(`/admin/${id}`, id)),
];

function adminPage(path: string, id: SectionId): Page {
  return {
    path,
    async load(request, deps) {
      const label = sections.find((section) => section.id === id)?.label ?? id;
      const concern = concerns[id];
      return {
        template: `admin-${id}`,
        title: label,
        section: 'admin',
        crumbs: [{ label: 'Admin', href: '/admin' }, { label }],
        flush: true,
        ...(concern ? { concerns: concern } : {}),
        ...(id === 'settings' ? { refreshMs: 2000 } : {}),
        view: { sections, at: id, ...(await loaders[id](request, deps)) },
      };
    },
  };
}

export interface PoolView {
  name: string;
  slots: number;
  description: string | null;
  includeDeferred: boolean;
  running: number;
  queued: number;
  scheduled: number;
  deferred: number;
  occupied: number;
  open: number;
}

/** A pool with its slots counted as Airflow counts them. */
export function poolView(
  pool: { name: string; slots: number; description: string | null; include_deferred: 0 | 1 },
  use: { pool: string; state: string | null; slots: number }[],
): PoolView {
  const of = (...states: string[]) =>
    use
      .filter((row) => row.pool === pool.name && states.includes(row.state ?? ''))
      .reduce((sum, row) => sum + Number(row.slots), 0);
  const running = of('running', 'restarting');
  const queued = of('queued');
  const deferred = of('deferred');
  const occupied = running + queued + (pool.include_deferred ? deferred : 0);
  return {
    name: pool.name,
    slots: pool.slots,
    description: pool.description,
    includeDeferred: pool.include_deferred === 1,
    running,
    queued,
    deferred,
    scheduled: of('scheduled'),
    occupied,
    open: pool.slots < 0 ? -1 : pool.slots - occupied,
  };
}
