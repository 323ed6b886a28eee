import type { Request } from 'express';
import { MillraceError } from '../../kernel/errors.js';
import type { Json, JsonObject } from '../../kernel/json.js';
import type { ConnectionChange } from '../../scheduler/model/admin-commands.js';
import { portField } from '../../scheduler/model/connection.js';
import type { AppDeps } from '../deps.js';
import { plural } from '../format.js';
import type { Act, Form } from './act.js';
import { isOn, requesterFrom } from './requests.js';

/** The forms of connections, variables and pools. */
export function addAdminActions(act: Act, deps: AppDeps): void {
  const { commands, secrets, masker } = deps;
  const test = async (id: string): Promise<string> => {
    const connection = await secrets.connection(id);
    if (!connection) throw new MillraceError('CONNECTION_NOT_FOUND', `there is no connection ${id}`);
    const { status, message } = await deps.testConnection(connection);
    if (!status) throw new MillraceError('CONNECTION_UNUSABLE', `${id}: ${masker.mask(message)}`);
    return `${id}: ${masker.mask(message)}`;
  };

  act('/admin/connections/new', async (_request, response, form) => {
    const change = connectionChange(form);
    await commands.setConnection(change, requesterFrom(response), 'create');
    const words = form['then'] === 'test' ? await test(change.id) : `Connection ${change.id} is saved`;
    return { words, next: '/admin/connections' };
  });
  act('/admin/connections/:id/edit', async (request, response, form) => {
    const id = param(request, 'id');
    await commands.setConnection({ ...connectionChange(form), id }, requesterFrom(response), 'update');
    const words = form['then'] === 'test' ? await test(id) : `Connection ${id} is saved`;
    return { words, next: '/admin/connections' };
  });
  act('/admin/connections/:id/test', async (request) => ({
    words: await test(param(request, 'id')),
    next: '/admin/connections',
  }));
  act('/admin/connections/:id/delete', async (request, response) => {
    const id = param(request, 'id');
    await commands.deleteConnection(id, requesterFrom(response));
    return { words: `Connection ${id} is deleted`, next: '/admin/connections' };
  });

  act('/admin/variables/new', async (_request, response, form) => {
    const key = text(form, 'key').trim();
    const change = { key, value: text(form, 'value'), description: orNull(text(form, 'description')) };
    await commands.setVariable(change, requesterFrom(response), 'create');
    return { words: `Variable ${key} is saved`, next: '/admin/variables' };
  });
  act('/admin/variables/import', async (_request, response, form) => {
    const entries = Object.entries(parseObject(text(form, 'json')));
    const known = new Set(
      (await secrets.variables()).filter(({ origin }) => origin === 'database').map(({ key }) => key),
    );
    const existing = entries.filter(([key]) => known.has(key)).map(([key]) => key);
    if (form['existing'] === 'fail' && existing.length > 0) {
      throw new MillraceError('VARIABLE_EXISTS', `${existing.join(', ')} are there already; nothing is imported`);
    }
    const wanted = entries.filter(([key]) => form['existing'] !== 'skip' || !known.has(key));
    for (const [key, value] of wanted) {
      const asText = typeof value === 'string' ? value : JSON.stringify(value);
      await commands.setVariable({ key, value: asText }, requesterFrom(response));
    }
    return { words: `${plural(wanted.length, 'variable')} imported`, next: '/admin/variables' };
  });
  act('/admin/variables/:key/edit', async (request, response, form) => {
    const key = param(request, 'key');
    const change = { key, value: text(form, 'value'), description: orNull(text(form, 'description')) };
    await commands.setVariable(change, requesterFrom(response), 'update');
    return { words: `Variable ${key} is saved`, next: '/admin/variables' };
  });
  act('/admin/variables/:key/delete', async (request, response) => {
    const key = param(request, 'key');
    await commands.deleteVariable(key, requesterFrom(response));
    return { words: `Variable ${key} is deleted`, next: '/admin/variables' };
  });

  act('/admin/pools/new', async (_request, response, form) => {
    const name = text(form, 'name').trim();
    await commands.setPool({ name, ...poolFields(form) }, requesterFrom(response), 'create');
    return { words: `Pool ${name} is saved`, next: '/admin/pools' };
  });
  act('/admin/pools/:name/edit', async (request, response, form) => {
    const name = param(request, 'name');
    await commands.setPool({ name, ...poolFields(form) }, requesterFrom(response), 'update');
    return { words: `Pool ${name} is saved`, next: '/admin/pools' };
  });
  act('/admin/pools/:name/delete', async (request, response) => {
    const name = param(request, 'name');
    await commands.deletePool(name, requesterFrom(response));
    return { words: `Pool ${name} is deleted`, next: '/admin/pools' };
  });
}

/** An empty password stays as it is, unless the box says that it goes. */
function connectionChange(form: Form): ConnectionChange {
  const id = text(form, 'connection_id').trim();
  const password = text(form, 'password');
  return {
    id,
    type: text(form, 'conn_type').trim(),
    description: orNull(text(form, 'description')),
    host: orNull(text(form, 'host').trim()),
    schema: orNull(text(form, 'schema').trim()),
    login: orNull(text(form, 'login')),
    port: portField(id, text(form, 'port')),
    ...(isOn(form['no_password']) ? { password: null } : password === '' ? {} : { password }),
    extra: orNull(text(form, 'extra').trim()),
  };
}

function poolFields(form: Form) {
  return {
    // What is no number is refused by the command, which says what it was.
    slots: text(form, 'slots').trim() === '' ? Number.NaN : Number(text(form, 'slots')),
    description: orNull(text(form, 'description')),
    includeDeferred: isOn(form['include_deferred']),
  };
}

function parseObject(json: string): JsonObject {
  let value: Json;
  try {
    value = JSON.parse(json) as Json;
  } catch (error) {
    throw new MillraceError('REQUEST_INVALID', `the variables are not JSON: ${(error as Error).message}`);
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  throw new MillraceError('REQUEST_INVALID', 'the variables are no JSON object', { hint: 'Write {"key": value}.' });
}

/** Browsers end the lines of a form with CR LF; values are kept with LF. */
function text(form: Form, name: string): string {
  const value = form[name];
  return typeof value === 'string' ? value.replaceAll('\r\n', '\n') : '';
}

function orNull(value: string): string | null {
  return value === '' ? null : value;
}

function param(request: Request, name: string): string {
  return request.params[name] as string;
}
