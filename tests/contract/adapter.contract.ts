import { Readable } from 'node:stream';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Adapter } from '../../transform/adapters/adapter.js';
import { Relation } from '../../transform/compile/relation.js';

/** What the engine relies on, whatever the database. `open` gives an adapter of a fresh database with `threads` sessions. */
export function adapterContract(name: string, open: (threads: number) => Promise<Adapter>): void {
  const opened = async (threads = 2) => {
    const adapter = await open(threads);
    onTestFinished(() => adapter.close());
    return adapter;
  };
  const relation = (adapter: Adapter, identifier: string, schema = 'shop') =>
    new Relation({ database: adapter.database, schema, identifier, type: 'table' });

  describe(`the adapter for ${name}`, () => {
    it('gives values as numbers, booleans, null and text', async () => {
      const adapter = await opened();
      const result = await adapter.withConnection((connection) =>
        connection.query("select 1 as i, 1.50 as n, true as b, null as z, 'é' as t, date '2024-01-02' as d"),
      );
      expect(result.columns.map((column) => column.name)).toEqual(['i', 'n', 'b', 'z', 't', 'd']);
      expect(result.rows).toEqual([[1, '1.50', true, null, 'é', '2024-01-02']]);
      expect(result.rowsAffected).toBe(1);
    });

    it('runs several statements of one text and counts what the last one did', async () => {
      const adapter = await opened();
      await adapter.withConnection(async (connection) => {
        const made = await connection.query(
          'create schema shop; create table shop.t as select 1 as a union all select 2',
        );
        expect(made.rowsAffected).toBe(2);
        expect((await connection.query('update shop.t set a = a + 1')).rowsAffected).toBe(2);
        expect((await connection.query('delete from shop.t where a = 2')).rowsAffected).toBe(1);
      });
    });

    it('says what the database says of a wrong statement, and the session goes on', async () => {
      const adapter = await opened();
      await adapter.withConnection(async (connection) => {
        await expect(connection.query('select * from nowhere')).rejects.toMatchObject({
          code: 'SQL_DATABASE_ERROR',
          message: expect.stringMatching(/nowhere.* does not exist/),
        });
        expect((await connection.query('select 1')).rows).toEqual([[1]]);
      });
    });

    it('shows nobody what is not committed, and nothing of it after a rollback', async () => {
      const adapter = await opened();
      const count = () =>
        adapter.withConnection(
          async (connection) => (await connection.query('select count(*) from shop.t')).rows[0]?.[0],
        );
      await adapter.withConnection((connection) =>
        connection.query('create schema shop; create table shop.t(a integer)'),
      );
      await adapter.withConnection(async (connection) => {
        await connection.begin();
        expect(connection.inTransaction).toBe(true);
        await connection.query('insert into shop.t values (1)');
        expect(await count()).toBe(0);
        await connection.rollback();
        await connection.begin();
        await connection.query('insert into shop.t values (2)');
        await connection.commit();
        expect(connection.inTransaction).toBe(false);
      });
      expect(await count()).toBe(1);
    });

    it('rolls back what the work leaves open, also when it fails', async () => {
      const adapter = await opened(1);
      await adapter.withConnection((connection) =>
        connection.query('create schema shop; create table shop.t(a integer)'),
      );
      await expect(
        adapter.withConnection(async (connection) => {
          await connection.begin();
          await connection.query('insert into shop.t values (1)');
          throw new Error('the work failed');
        }),
      ).rejects.toThrow('the work failed');
      const rows = await adapter.withConnection((connection) => connection.query('select * from shop.t'));
      expect(rows.rows).toEqual([]);
    });

    it('lets one transaction of a lock at a time pass, and the next one see what it left', async () => {
      const adapter = await opened(4);
      await adapter.withConnection((connection) =>
        connection.query('create schema shop; create table shop.t as select 0 as a'),
      );
      const order: string[] = [];
      const addOne = (how: 'commits' | 'rolls back' | 'fails') =>
        adapter.withConnection(async (connection) => {
          await connection.begin('shop.t');
          order.push('in');
          await connection.query('update shop.t set a = a + 1');
          order.push('out');
          if (how === 'fails') throw new Error('it fails');
          await (how === 'commits' ? connection.commit() : connection.rollback());
        });
      const ways = ['commits', 'rolls back', 'fails', 'commits', 'commits'] as const;
      await Promise.allSettled(ways.map(addOne));
      expect(order).toEqual(ways.flatMap(() => ['in', 'out']));
      const { rows } = await adapter.withConnection((connection) => connection.query('select a from shop.t'));
      expect(rows).toEqual([[3]]);
    });

    it('stops waiting for a lock when it is cancelled, and the lock goes to the next', async () => {
      const adapter = await opened(3);
      const cancel = new AbortController();
      await adapter.withConnection(async (holder) => {
        await holder.begin('one');
        const cancelled = adapter.withConnection((connection) => connection.begin('one'), cancel.signal);
        // A session that is busy has been asked for: by then the one before waits.
        await adapter.withConnection((connection) => connection.query('select 1'));
        cancel.abort(new Error('cancelled'));
        await expect(cancelled).rejects.toThrow('cancelled');
        await holder.commit();
      });
      await adapter.withConnection(async (connection) => {
        await connection.begin('one');
        await connection.commit();
      });
    });

    it('replaces a table by renames in a transaction: readers see the old one or the new one', async () => {
      const adapter = await opened();
      const read = () =>
        adapter.withConnection(async (connection) => (await connection.query('select a from shop.t')).rows[0]?.[0]);
      await adapter.withConnection(async (connection) => {
        await connection.query('create schema shop; create table shop.t as select 1 as a');
        await connection.begin();
        await connection.query('create table shop.t__new as select 2 as a');
        await connection.query('alter table shop.t rename to t__old; alter table shop.t__new rename to t');
        const meanwhile = read();
        await connection.commit();
        expect([1, 2]).toContain(await meanwhile);
        expect(await read()).toBe(2);
        await connection.query('drop table shop.t__old');
      });
    });

    it('knows what is in the catalog', async () => {
      const adapter = await opened();
      await adapter.withConnection(async (connection) => {
        const look = (...identifiers: string[]) =>
          adapter.lookup(connection, { database: adapter.database, schema: 'shop' }, identifiers);
        expect(await look('t')).toEqual({ schemaExists: false, types: new Map() });
        await connection.query(
          'create schema shop; create table shop.t(a integer); create view shop."V w" as select 1 as x',
        );
        expect((await look("o'clock", 't', 'V w')).types).toEqual(
          new Map([
            ['t', 'table'],
            ['V w', 'view'],
          ]),
        );
        expect(await look()).toEqual({ schemaExists: true, types: new Map() });
        const listed = await adapter.listRelations(connection, ['shop', 'other']);
        expect(listed.map(({ identifier, type }) => [identifier, type]).sort()).toEqual([
          ['V w', 'view'],
          ['t', 'table'],
        ]);
        expect(await adapter.listRelations(connection, [])).toEqual([]);
      });
    });

    it('knows the columns of relations, temporary ones too, and of queries that it does not run', async () => {
      const adapter = await opened();
      await adapter.withConnection(async (connection) => {
        await connection.query(
          'create schema shop; create table shop.t(id integer, amount numeric(10,2)); create temporary table mine(b boolean)',
        );
        const names = (columns: { name: string; dataType: string }[]) =>
          columns.map(({ name: column, dataType }) => [column, dataType.toLowerCase().replace('decimal', 'numeric')]);
        const expected = [
          ['id', 'integer'],
          ['amount', 'numeric(10,2)'],
        ];
        expect(
          names(await adapter.columnsOf(connection, { database: adapter.database, schema: 'shop', identifier: 't' })),
        ).toEqual(expected);
        expect(names(await adapter.columnsOf(connection, { database: null, schema: '', identifier: 'mine' }))).toEqual([
          ['b', 'boolean'],
        ]);
        expect(names(await adapter.columnsOfQuery(connection, 'select * from shop.t -- all'))).toEqual(expected);
      });
    });

    it('loads CSV: nothing between commas is null, nothing between quotes is empty text', async () => {
      const adapter = await opened();
      await adapter.withConnection(async (connection) => {
        await connection.query(
          'create schema shop; create table shop.t(extra text, id integer, name text, price numeric(8,2), day date)',
        );
        const csv = Readable.from([
          '1,"a ""b"", c",1.50,2024-01-',
          '02\n2,,,\n',
          '3,"",0.1,2024-02-29\n4,"two\nlines",-1,1999-12-31\n',
        ]);
        expect(await connection.copyCsv(relation(adapter, 't'), ['id', 'name', 'price', 'day'], csv)).toBe(4);
        expect((await connection.query('select * from shop.t order by id')).rows).toEqual([
          [null, 1, 'a "b", c', '1.50', '2024-01-02'],
          [null, 2, null, null, null],
          [null, 3, '', '0.10', '2024-02-29'],
          [null, 4, 'two\nlines', '-1.00', '1999-12-31'],
        ]);
      });
    });

    it('loads all rows of a CSV or none, and says what is wrong', async () => {
      const adapter = await opened();
      await adapter.withConnection(async (connection) => {
        await connection.query('create schema shop; create table shop.t(id integer)');
        await expect(
          connection.copyCsv(relation(adapter, 't'), ['id'], Readable.from(['1\nnine\n'])),
        ).rejects.toMatchObject({
          code: 'SQL_DATABASE_ERROR',
          message: expect.stringContaining('nine'),
        });
      });
      const { rows } = await adapter.withConnection((connection) => connection.query('select count(*) from shop.t'));
      expect(rows).toEqual([[0]]);
    });

    it('leases no more sessions than it may, and each to one at a time', async () => {
      const adapter = await opened(2);
      let open = 0;
      let most = 0;
      let openGate: () => void = () => undefined;
      const gate = new Promise<void>((resolve) => {
        openGate = resolve;
      });
      const work = Array.from({ length: 6 }, () =>
        adapter.withConnection(async (connection) => {
          most = Math.max(most, ++open);
          await connection.query('select 1');
          if (open === 2) openGate();
          await gate;
          open--;
        }),
      );
      await Promise.all(work);
      expect(most).toBe(2);
    });

    it('stops the running statement when the signal aborts, and lives on', async () => {
      const adapter = await opened(1);
      const controller = new AbortController();
      const reason = new Error('stopped by hand');
      const endless = 'with recursive r(n) as (select 1 union all select n + 1 from r) select count(*) from r';
      const running = adapter.withConnection(async (connection) => {
        await connection.query('select 1');
        setImmediate(() => controller.abort(reason));
        return connection.query(endless);
      }, controller.signal);
      await expect(running).rejects.toBe(reason);
      const { rows } = await adapter.withConnection((connection) => connection.query('select 2'));
      expect(rows).toEqual([[2]]);
      await expect(adapter.withConnection(() => Promise.resolve(), controller.signal)).rejects.toBe(reason);
    });
  });
}
