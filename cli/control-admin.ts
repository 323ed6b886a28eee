import { z } from 'zod';
import type { Json } from '../kernel/json.js';
import { masked } from '../kernel/secret-masker.js';
import type { ConnectionChange } from '../scheduler/model/admin-commands.js';
import { type Connection, connectionFrom } from '../scheduler/model/connection.js';
import type { StoreDriver } from '../scheduler/store/driver.js';
import { listPools } from '../scheduler/store/queries/admin.js';
import { shownConnection, shownValue } from '../server/shown-secrets.js';
import type { ControlMethods } from './control-socket.js';
import type { Scheduling } from './scheduling.js';
import { testConnection } from './test-connection.js';

const by = { user: 'cli', via: 'cli' } as const;
const text = z.string().min(1);
const mode = z.enum(['create', 'update', 'upsert']).default('upsert');
const withSecrets = z.object({ secrets: z.boolean().default(false) });
/** `fields` in Airflow's names, as in the JSON of a connection. */
const connectionWish = z.object({ id: text, fields: z.record(z.string(), z.json()), mode });
const variableWish = z.object({ key: text, value: z.string(), description: z.string().nullish(), mode });
const poolWish = z.object({
  name: text,
  slots: z.number().int(),
  description: z.string().nullish(),
  includeDeferred: z.boolean().optional(),
  mode,
});

/** What the commands may ask about connections, variables and pools. Whoever can ask may read the data folder, so secrets are told. */
export function adminMethods({ secrets, masker, scheduler }: Scheduling, store: StoreDriver): ControlMethods {
  const { commands } = scheduler;
  return {
    async connections(params) {
      const { secrets: isOpen } = withSecrets.parse(params);
      const found = await secrets.connections();
      return found.map(({ connection, ...one }) => ({
        ...one,
        fields: connection && (isOpen ? fieldsOf(connection) : shownConnection(masker, connection)),
      })) as unknown as Json;
    },
    async setConnection(params) {
      const { id, fields, mode } = connectionWish.parse(params);
      const { id: _id, ...change } = connectionFrom(id, fields);
      await commands.setConnection({ id, ...change } satisfies ConnectionChange, by, mode);
      return null;
    },
    async deleteConnection({ id }) {
      await commands.deleteConnection(text.parse(id), by);
      return null;
    },
    async testConnection({ id }) {
      const connection = await secrets.connection(text.parse(id));
      if (!connection) return null;
      const { status, message } = await testConnection(connection);
      return { status, message: masker.mask(message) };
    },
    async variables(params) {
      const { secrets: isOpen } = withSecrets.parse(params);
      const found = await secrets.variables();
      return found.map((one) => ({
        ...one,
        value: one.value === null ? masked : isOpen ? one.value : shownValue(masker, one),
      })) as unknown as Json;
    },
    async setVariable(params) {
      const { key, value, description, mode } = variableWish.parse(params);
      await commands.setVariable({ key, value, ...(description === undefined ? {} : { description }) }, by, mode);
      return null;
    },
    async deleteVariable({ key }) {
      await commands.deleteVariable(text.parse(key), by);
      return null;
    },
    async pools() {
      const rows = await store.read(listPools());
      return rows.map(({ name, slots, description, include_deferred }) => ({
        name,
        slots,
        description,
        include_deferred: include_deferred === 1,
      }));
    },
    async setPool(params) {
      const { name, slots, description, includeDeferred, mode } = poolWish.parse(params);
      await commands.setPool(
        {
          name,
          slots,
          ...(description === undefined ? {} : { description }),
          ...(includeDeferred === undefined ? {} : { includeDeferred }),
        },
        by,
        mode,
      );
      return null;
    },
    async deletePool({ name }) {
      await commands.deletePool(text.parse(name), by);
      return null;
    },
  };
}

function fieldsOf({ id, type, ...rest }: Connection) {
  return { connection_id: id, conn_type: type, ...rest };
}
