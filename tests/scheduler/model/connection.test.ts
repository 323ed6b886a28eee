import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Connection, connectionUri, parseConnection } from '../../../scheduler/model/connection.js';

const none = {
  description: null,
  host: null,
  schema: null,
  login: null,
  password: null,
  port: null,
  extra: null,
};

describe('a connection from its text', () => {
  // The cases of Airflow's own tests of `Connection` (tests/models/test_connection.py), by hand.
  it.each<[string, Partial<Connection>]>([
    [
      'my-conn-type://login:password@host:1234/schema?param1=val1&param2=val2',
      {
        type: 'my_conn_type',
        login: 'login',
        password: 'password',
        host: 'host',
        port: 1234,
        schema: 'schema',
        extra: '{"param1":"val1","param2":"val2"}',
      },
    ],
    [
      'scheme://user:password@host%2Flocation:1234/schema?extra1=a%20value&extra2=%2Fpath%2F',
      {
        type: 'scheme',
        login: 'user',
        password: 'password',
        host: 'host/location',
        port: 1234,
        schema: 'schema',
        extra: '{"extra1":"a value","extra2":"/path/"}',
      },
    ],
    ['postgresql://u@HOST/db', { type: 'postgres', login: 'u', host: 'host', schema: 'db' }],
    ['scheme://:pass@host', { type: 'scheme', password: 'pass', host: 'host' }],
    [
      'scheme://domain%2Fuser%40corp:pa%2Fss%25%40%3A@host:1',
      { type: 'scheme', login: 'domain/user@corp', password: 'pa/ss%@:', host: 'host', port: 1 },
    ],
    ['scheme://host/schema%2Ftest', { type: 'scheme', host: 'host', schema: 'schema/test' }],
    ['http://https://host:8080/', { type: 'http', host: 'https://host', port: 8080 }],
    ['http://https://u:p@host/path', { type: 'http', host: 'https://host', login: 'u', password: 'p', schema: 'path' }],
    ['spark://mesos%3A%2F%2FHost', { type: 'spark', host: 'mesos://Host' }],
    ['sqlite:///relative.db', { type: 'sqlite', schema: 'relative.db' }],
    [
      'google-cloud-platform://?key_path=%2Fkeys%2Fkey.json&num_retries=5',
      { type: 'google_cloud_platform', extra: '{"key_path":"/keys/key.json","num_retries":"5"}' },
    ],
    [
      'scheme://host/?__extra__=%7B%22nested%22%3A%20%7B%22a%22%3A%201%7D%7D',
      { type: 'scheme', host: 'host', extra: '{"nested": {"a": 1}}' },
    ],
    ['scheme://host?blank=', { type: 'scheme', host: 'host', extra: '{"blank":""}' }],
    ['redis://[::1]:6379', { type: 'redis', host: '::1', port: 6379 }],
    [
      '{"conn_type": "my-type", "host": "h", "port": "5432", "login": "l", "password": "p@/:", "extra": {"a": [1]}}',
      { type: 'my_type', host: 'h', port: 5432, login: 'l', password: 'p@/:', extra: '{"a":[1]}' },
    ],
    [' {"uri": "http://h"} ', { type: 'http', host: 'h' }],
  ])('reads %s', (text, expected) => {
    expect(parseConnection('c', text)).toEqual({ id: 'c', ...none, ...expected });
  });

  it.each([
    ['no scheme', 'host:1234', /not of the form/],
    ['three schemes', 'a://b://c://d', /not of the form/],
    ['a user before the protocol', 'a://u@b://c', /before the protocol/],
    ['a port that is none', 'a://hunter2:hunter2@h:port', /port is not a number/],
    ['a port out of range', 'a://h:70000', /70000/],
    ['an encoding that is none', 'a://u:hunter2%zz@h', /percent sign/],
    ['broken JSON', '{"password": "hunter2"', /not JSON/],
    ['no type', '{"password": "hunter2"}', /no conn_type/],
    ['a field that there is not', '{"conn_type": "a", "user": "x"}', /user/],
    ['an extra that is no object', '{"conn_type": "a", "extra": "[1]"}', /extra is no JSON object/],
    ['a port in words', '{"conn_type": "a", "port": "many"}', /port is "many"/],
  ])('refuses %s without repeating the password', (_name, text, message) => {
    let error: Error | undefined;
    try {
      parseConnection('c', text);
    } catch (thrown) {
      error = thrown as Error;
    }
    expect(error).toMatchObject({ code: 'CONNECTION_INVALID', message: expect.stringMatching(message) });
    expect(error?.message).not.toContain('hunter2');
  });

  it('reads its own URI back, whatever the fields hold', () => {
    const text = fc.option(fc.string({ minLength: 1, maxLength: 12, unit: 'grapheme' }), { nil: null });
    const host = fc.option(
      fc.stringMatching(/^[a-z0-9][a-z0-9.-]{0,10}$/).chain((name) => fc.constantFrom(name, `https://${name}`)),
      { nil: null },
    );
    const extra = fc.option(
      fc.dictionary(fc.string({ minLength: 1, maxLength: 5 }), fc.jsonValue({ maxDepth: 2 }), { minKeys: 1 }),
      { nil: null },
    );
    fc.assert(
      fc.property(
        text,
        text,
        text,
        host,
        fc.option(fc.integer({ min: 1, max: 65_535 }), { nil: null }),
        extra,
        (schema, login, password, name, port, more) => {
          // `__proto__` is no name that an object keeps.
          const kept = more === null ? null : (JSON.parse(JSON.stringify(more)) as object);
          const connection: Connection = {
            ...none,
            id: 'c',
            type: 'scheme',
            schema,
            login,
            password,
            host: name,
            port,
            extra: kept === null || Object.keys(kept).includes('__extra__') ? null : JSON.stringify(kept),
          };
          expect(parseConnection('c', connectionUri(connection))).toEqual(connection);
        },
      ),
    );
  });
});
