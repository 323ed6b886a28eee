import { openDuckdb } from '../connectors/duckdb.js';
import { openObjectStore } from '../connectors/open-object-store.js';
import { openPostgres } from '../connectors/postgres.js';
import { describeError } from '../kernel/errors.js';
import { connectionSettings } from '../scheduler/dag/hook-pool.js';
import type { Connection } from '../scheduler/model/connection.js';

const testMsMax = 10_000;

/** Tries to reach the system of a connection, as its hook does. Never rejects: the message says what was met. */
export async function testConnection(connection: Connection): Promise<{ status: boolean; message: string }> {
  try {
    return { status: true, message: await reach(connection) };
  } catch (thrown) {
    return { status: false, message: describeError(thrown) };
  }
}

async function reach(connection: Connection): Promise<string> {
  const settings = connectionSettings(connection);
  const signal = AbortSignal.timeout(testMsMax);
  switch (connection.type) {
    case 'postgres': {
      const database = openPostgres(settings.url, { max: 1, connectTimeoutMs: testMsMax, signal });
      try {
        const { rows } = await database.query<{ version: string }>('select version()');
        return `Connection successfully tested: ${rows[0]?.version}`;
      } finally {
        await database.end();
      }
    }
    case 'duckdb': {
      const database = await openDuckdb(settings.url);
      try {
        const session = await database.session();
        await session.query('select 1');
        await session.close();
        return 'Connection successfully tested';
      } finally {
        await database.close();
      }
    }
    case 'http':
    case 'https': {
      const url = new URL(settings.url);
      const { username, password } = url;
      url.username = '';
      url.password = '';
      const basic = Buffer.from(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`).toString('base64');
      const headers = username === '' ? {} : { authorization: `Basic ${basic}` };
      const response = await fetch(url, { headers, signal, redirect: 'manual' });
      await response.body?.cancel();
      if (response.status >= 400) throw new Error(`${url.origin} answers ${response.status} ${response.statusText}`);
      return `Connection successfully tested: ${url.origin} answers ${response.status}`;
    }
    default: {
      const { url, accessKey, secretKey } = settings;
      const store = await openObjectStore(url, { ...(accessKey && { accessKey }), ...(secretKey && { secretKey }) });
      try {
        for await (const _object of store.list('', { signal })) break;
        return 'Connection successfully tested';
      } finally {
        await store.close();
      }
    }
  }
}
