import { dagNames } from '../../scheduler/store/queries/dags.js';
import { listDashboards } from '../dashboards/dashboard-files.js';
import type { AppDeps } from '../deps.js';
import type { Page } from '../page.js';
import { urls } from '../urls.js';

const dagsMax = 5000;

export interface SearchEntry {
  name: string;
  kind: string;
  href: string;
}

const places: SearchEntry[] = [
  ['Home', '/'],
  ['DAGs', '/dags'],
  ['Runs', '/runs'],
  ['Failed runs', '/runs?state=failed'],
  ['Timeline', '/timeline'],
  ['Assets', '/assets'],
  ['Data', '/data'],
  ['Load ledger', '/data/ledger'],
  ['Quarantine', '/data/quarantine'],
  ['Dashboards', '/dashboards'],
  ['E-mails', '/emails'],
  ['Import errors', '/admin/import-errors'],
  ['Audit log', '/admin/audit-log'],
  ['Pools', '/admin/pools'],
  ['Variables', '/admin/variables'],
  ['Connections', '/admin/connections'],
  ['System', '/admin/settings'],
  ['Keyboard and help', '/help'],
].map(([name, href]) => ({ name: name as string, kind: 'Page', href: href as string }));

/** Everything that one can go to by name: pages, DAGs, dashboards. */
export async function searchEntries(deps: AppDeps): Promise<SearchEntry[]> {
  const [dags, dashboards] = await Promise.all([
    deps.store.read(dagNames(dagsMax)),
    listDashboards(deps.settings.dashboardFolders),
  ]);
  return [
    ...dags.map((dag) => ({ name: dag.dag_id, kind: 'DAG', href: urls.dag(dag.dag_id) })),
    ...dashboards.map((item) => ({
      name: item.dashboard?.title ?? item.name,
      kind: 'Dashboard',
      href: `/dashboards/${encodeURIComponent(item.name)}`,
    })),
    ...places,
  ];
}

/** The palette without a script. */
export const searchPage: Page = {
  path: '/search',
  async load(request, deps) {
    const text = request.query.get('q')?.trim().toLowerCase() ?? '';
    const entries = await searchEntries(deps);
    return {
      template: 'search',
      title: 'Search',
      section: 'home',
      crumbs: [{ label: 'Search' }],
      view: { text, entries: entries.filter((entry) => entry.name.toLowerCase().includes(text)).slice(0, 200) },
    };
  },
};

export const helpPage: Page = {
  path: '/help',
  async load(_request, deps) {
    return {
      template: 'help',
      title: 'Keyboard and help',
      section: 'home',
      crumbs: [{ label: 'Help' }],
      view: { baseUrl: deps.settings.baseUrl, version: deps.settings.version },
    };
  },
};
