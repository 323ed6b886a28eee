import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { depsCommand } from '../../cli/sql/deps.js';
import { loadProject, openAdapter } from '../../transform/index.js';
import { runProject } from '../../transform/run/run-project.js';
import { testDatabase } from '../support/postgres.js';

/**
 * Projects of other people, built and tested as they are. `MILLRACE_DBT_PROJECTS` names a folder with a folder for each; of a package its integration_tests
 * are run. What a project itself leaves out on a warehouse (`tag:skip`) stands in `<project>.<warehouse>.txt` beside it, as criteria of selection.
 */
const home = process.env['MILLRACE_DBT_PROJECTS'];
const projects = (home === undefined ? [] : readdirSync(home, { withFileTypes: true })).flatMap((entry) => {
  if (!entry.isDirectory()) return [];
  const inner = ['integration_tests', '.'].find((each) =>
    existsSync(join(home as string, entry.name, each, 'dbt_project.yml')),
  );
  return inner === undefined ? [] : [{ name: entry.name, inner }];
});

const duckdb = () => {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-public-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return `duckdb:${join(folder, 'warehouse.duckdb')}`;
};
const warehouses: [string, () => string | Promise<string>][] = [
  ['postgres', testDatabase],
  ['duckdb', duckdb],
];

describe.skipIf(projects.length === 0)('public projects', () => {
  describe.each(projects)('$name', ({ name, inner }) => {
    it.each(warehouses)(
      'builds on %s',
      async (warehouse, database) => {
        const copy = mkdtempSync(join(tmpdir(), 'millrace-public-'));
        onTestFinished(() => rmSync(copy, { recursive: true, force: true }));
        // All of them: a package may be named by a path to its neighbour.
        cpSync(home as string, copy, { recursive: true, filter: (path) => !/\/(target[^/]*|\.git)$/.test(path) });
        const dir = join(copy, name, inner);
        await depsCommand({
          ...{ projectDir: dir, vars: '{}', logFormat: 'text', useColors: false, quiet: true, partialParse: true },
          ...{ writeJson: false, indirectSelection: 'eager' },
        });
        const url = await database();
        const project = await loadProject({ dir, connectionUrl: url });
        const adapter = await openAdapter(project);
        try {
          const list = join(home as string, `${name}.${warehouse}.txt`);
          const left = existsSync(list) ? readFileSync(list, 'utf8').split(/\s+/).filter(Boolean) : [];
          const ids = project.select({ exclude: ['resource_type:analysis', ...left] });
          const results = await runProject(project, { adapter, ids, threads: 4, testEdges: true, hooks: true });
          const counts = new Map<string, number>();
          for (const { status } of results) counts.set(status, (counts.get(status) ?? 0) + 1);
          console.info(
            `${name} on ${warehouse}: ${[...counts].map(([status, count]) => `${count} ${status}`).join(', ')}`,
          );
          const faults = results.filter(({ status }) => status === 'error' || status === 'fail');
          expect(faults.map(({ uniqueId, message }) => `${uniqueId}: ${message}`)).toEqual([]);
          expect(results.length).toBeGreaterThan(0);
        } finally {
          await adapter.close();
        }
      },
      600_000,
    );
  });
});
