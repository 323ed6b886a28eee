import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import {
  type Adapter,
  loadProject,
  openAdapter,
  type Project,
  type RunNodeOptions,
  runNode,
} from '../../transform/index.js';
import type { NodeResult } from '../../transform/model.js';
import { testDatabase } from './postgres.js';

/**
 * Every warehouse that projects run on, each empty and for the running test alone. DuckDB is in memory, as quick as it gets: it lasts as long as
 * the adapter that opened it.
 */
export const warehouses: [string, () => Promise<string>][] = [
  ['PostgreSQL', testDatabase],
  ['DuckDB', async () => 'duckdb::memory:'],
];

/** The same, DuckDB in a file: for tests that open it more than once. */
export const lastingWarehouses: typeof warehouses = [
  ['PostgreSQL', testDatabase],
  ['DuckDB', async () => duckdbFile()],
];

/** The URL of a DuckDB file that goes with the running test. It needs a built `dist`. */
export function duckdbFile(): string {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-duckdb-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return `duckdb:${join(folder, 'warehouse.duckdb')}`;
}

/** A warehouse and a project that stay open for many short runs of one test. */
export class Bench {
  readonly adapter: Adapter;
  readonly project: Project;

  readonly url: string;

  private constructor(adapter: Adapter, project: Project, url: string) {
    this.adapter = adapter;
    this.project = project;
    this.url = url;
  }

  static async open(dir: string, url: string): Promise<Bench> {
    const adapter = await openAdapter({ url, threads: 4 });
    onTestFinished(() => adapter.close());
    return new Bench(adapter, await loadProject({ dir, connectionUrl: url, env: {} }), url);
  }

  /** The same warehouse with another project, or with this one as it is now. */
  async withProject(dir: string = this.project.dir): Promise<Bench> {
    return new Bench(this.adapter, await loadProject({ dir, connectionUrl: this.url, env: {} }), this.url);
  }

  /** Builds one node; its name is enough. */
  async run(name: string, options: Omit<RunNodeOptions, 'adapter'> = {}): Promise<NodeResult> {
    const node = [...this.project.nodes.values()].find((each) => each.name === name);
    return runNode(this.project, node?.uniqueId ?? name, { adapter: this.adapter, ...options });
  }

  /** The same, where it must succeed. */
  async built(name: string, options: Omit<RunNodeOptions, 'adapter'> = {}): Promise<NodeResult> {
    const result = await this.run(name, options);
    if (result.status !== 'success') throw new Error(`${result.message}\n${result.statements.at(-1)?.sql}`);
    return result;
  }

  rows(sql: string): Promise<unknown[][]> {
    return this.adapter.withConnection(async (connection) => (await connection.query(sql)).rows);
  }
}
