import { describe, expect, it } from 'vitest';
import { database, prepared } from '../../../scheduler/store/database.js';

describe('a prepared statement', () => {
  const rename = prepared<{ name: string; slots: number }>((place) =>
    database
      .updateTable('pool')
      .set({ slots: place('slots'), description: 'fixed' })
      .where('name', '=', place('name')),
  );

  it('fills its places in the order of the text, constants included', () => {
    expect(rename({ name: 'a', slots: 3 })).toMatchObject({
      sql: 'update "pool" set "slots" = ?, "description" = ? where "name" = ?',
      parameters: [3, 'fixed', 'a'],
    });
  });

  it('gives each use values of its own', () => {
    const first = rename({ name: 'a', slots: 3 });
    rename({ name: 'b', slots: 4 });
    expect(first.parameters).toEqual([3, 'fixed', 'a']);
  });
});
