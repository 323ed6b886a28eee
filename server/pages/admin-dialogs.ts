import { MillraceError } from '../../kernel/errors.js';
import { masked } from '../../kernel/secret-masker.js';
import { poolRow } from '../../scheduler/store/queries/secrets.js';
import type { AppDeps } from '../deps.js';
import type { Page, PageRequest } from '../page.js';
import { shownConnection, shownValue } from '../shown-secrets.js';
import { urls } from '../urls.js';

/** The types that a hook knows what to do with; any other can be kept and read by tasks. */
const connectionTypes = ['postgres', 'http', 'https', 'aws', 's3', 'file', 'duckdb', 'smtp', 'kafka'];

/** Forms that make, change and delete connections, variables and pools. */
export const adminDialogs: Page[] = [
  {
    path: '/admin/connections/new',
    load: async () =>
      dialog('connections', 'New connection', 'connection-form', {
        isNew: true,
        types: connectionTypes,
        fields: { ...noFields, conn_type: '' },
      }),
  },
  {
    path: '/admin/connections/:id/edit',
    async load(request, deps) {
      const connection = await deps.secrets.storedConnection(param(request, 'id'));
      if (!connection)
        throw new MillraceError('CONNECTION_NOT_FOUND', `there is no connection ${param(request, 'id')}`);
      const fields = shownConnection(deps.masker, connection);
      return dialog('connections', connection.id, 'connection-form', { isNew: false, types: connectionTypes, fields });
    },
  },
  deletion('connections', 'connection', 'id', urls.connection, 'Tasks that ask for it fail from now on.'),
  {
    path: '/admin/variables/new',
    load: async () =>
      dialog('variables', 'New variable', 'variable-form', {
        isNew: true,
        key: '',
        value: '',
        description: null,
        isHidden: false,
      }),
  },
  {
    path: '/admin/variables/import',
    load: async () => dialog('variables', 'Import', 'variable-import', {}),
  },
  {
    path: '/admin/variables/:key/edit',
    async load(request, deps) {
      const key = param(request, 'key');
      const variable = await deps.secrets.storedVariable(key);
      if (!variable) throw new MillraceError('VARIABLE_NOT_FOUND', `there is no variable ${key}`);
      const value = shownValue(deps.masker, { key, value: variable.value });
      return dialog('variables', key, 'variable-form', {
        isNew: false,
        key,
        value,
        description: variable.description,
        isHidden: value === masked,
      });
    },
  },
  deletion('variables', 'variable', 'key', urls.variable, 'Tasks that ask for it fail, or find none, from now on.'),
  {
    path: '/admin/pools/new',
    load: async () =>
      dialog('pools', 'New pool', 'pool-form', {
        isNew: true,
        pool: { name: '', slots: 1, description: null, includeDeferred: false },
      }),
  },
  {
    path: '/admin/pools/:name/edit',
    async load(request, deps) {
      const name = param(request, 'name');
      const [row] = await deps.store.read(poolRow(name));
      if (!row) throw new MillraceError('POOL_NOT_FOUND', `there is no pool ${name}`);
      const { slots, description } = row;
      const pool = { name, slots, description, includeDeferred: row.include_deferred === 1 };
      return dialog('pools', name, 'pool-form', { isNew: false, pool });
    },
  },
  deletion('pools', 'pool', 'name', urls.pool, 'Task instances in it wait until there is one of this name again.'),
];

const noFields = {
  connection_id: '',
  description: null,
  host: null,
  login: null,
  schema: null,
  port: null,
  password: null,
  extra: null,
};

function deletion(
  section: string,
  kind: string,
  parameter: string,
  address: (name: string, action: string) => string,
  consequence: string,
): Page {
  return {
    path: `/admin/${section}/:${parameter}/delete`,
    async load(request: PageRequest, _deps: AppDeps) {
      const name = param(request, parameter);
      const view = { kind, name, action: address(name, 'delete'), back: `/admin/${section}`, consequence };
      return dialog(section, `Delete ${name}`, 'admin-delete', view);
    },
  };
}

function dialog(section: string, title: string, template: string, view: object) {
  const label = `${section[0]?.toUpperCase()}${section.slice(1)}`;
  return {
    template,
    title,
    section: 'admin' as const,
    crumbs: [{ label: 'Admin', href: '/admin' }, { label, href: `/admin/${section}` }, { label: title }],
    view,
  };
}

function param(request: PageRequest, name: string): string {
  return request.params[name] as string;
}
