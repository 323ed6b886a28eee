/** Addresses of pages. Every part that comes from data is encoded. */
type Query = Record<string, string | number | boolean | null | undefined>;

const part = encodeURIComponent;

export function withQuery(path: string, query: Query): string {
  const pairs = Object.entries(query)
    .filter(([, value]) => value !== undefined && value !== null && value !== '' && value !== false)
    .map(([name, value]) => `${part(name)}=${part(String(value))}`);
  return pairs.length === 0 ? path : `${path}?${pairs.join('&')}`;
}

export const urls = {
  dag: (dagId: string, tab?: string, query: Query = {}) =>
    withQuery(`/dags/${part(dagId)}${tab ? `/${tab}` : ''}`, query),
  run: (dagId: string, runId: string, tab?: string, query: Query = {}) =>
    withQuery(`/dags/${part(dagId)}/runs/${part(runId)}${tab ? `/${tab}` : ''}`, query),
  task: (
    key: { dagId: string; runId: string; taskId: string; mapIndex?: number | undefined },
    tab?: string,
    query: Query = {},
  ) =>
    withQuery(`/dags/${part(key.dagId)}/runs/${part(key.runId)}/tasks/${part(key.taskId)}${tab ? `/${tab}` : ''}`, {
      ...(key.mapIndex !== undefined && key.mapIndex >= 0 ? { map: key.mapIndex } : {}),
      ...query,
    }),
  connection: (id: string, action: string) => `/admin/connections/${part(id)}/${action}`,
  variable: (key: string, action: string) => `/admin/variables/${part(key)}/${action}`,
  pool: (name: string, action: string) => `/admin/pools/${part(name)}/${action}`,
  withQuery,
};
