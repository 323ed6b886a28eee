import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { onTestFinished } from 'vitest';
import { type LoadOptions, loadProject, openAdapter } from '../../transform/index.js';
import type { Project } from '../../transform/project.js';
import { type RunProjectOptions, runProject, type TimedResult } from '../../transform/run/run-project.js';

const defaultProject = 'name: shop\nversion: "1.0"\nprofile: shop\n';

/** Writes a project into a folder of its own that goes with the test. Paths are from the project's folder. */
export function writeProject(files: Record<string, string>): string {
  const dir = mkdtempSync(join(tmpdir(), 'millrace-sql-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  addFiles(dir, { 'dbt_project.yml': defaultProject, ...files });
  return dir;
}

export function addFiles(dir: string, files: Record<string, string>): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(dir, path)), { recursive: true });
    writeFileSync(join(dir, path), text);
  }
}

/** Parses it as if its warehouse were there. */
export function parse(files: Record<string, string>, options: Partial<LoadOptions> = {}): Promise<Project> {
  return loadProject({ dir: writeProject(files), connectionUrl: 'postgresql://u@localhost/db', env: {}, ...options });
}

/** Builds a folder's project in a database; returns the results by node name. */
export async function build(
  dir: string,
  url: string,
  options: Partial<LoadOptions> &
    Pick<RunProjectOptions, 'eventTime' | 'fullRefresh' | 'batchTests'> & { select?: string[] } = {},
): Promise<Map<string, TimedResult>> {
  const project = await loadProject({ dir, connectionUrl: url, env: {}, ...options });
  const adapter = await openAdapter({ url, threads: 2 });
  try {
    const ids = project.select({ select: options.select });
    const results = await runProject(project, {
      fullRefresh: options.fullRefresh,
      eventTime: options.eventTime,
      batchTests: options.batchTests,
      adapter,
      ids,
      threads: 2,
      testEdges: true,
      hooks: true,
    });
    return new Map(results.map((result) => [nameOf(project, result.uniqueId), result]));
  } finally {
    await adapter.close();
  }
}

function nameOf(project: Project, uniqueId: string): string {
  return project.nodes.get(uniqueId)?.name ?? uniqueId;
}

/** Rows of a query as text, for comparing. */
export async function rowsOf(url: string, sql: string): Promise<unknown[][]> {
  const adapter = await openAdapter({ url, threads: 1 });
  try {
    return await adapter.withConnection(async (connection) => (await connection.query(sql)).rows);
  } finally {
    await adapter.close();
  }
}

/** The message of the first node that did not do well; undefined when all did. */
export function firstFault(results: Map<string, TimedResult>): string | undefined {
  return [...results.values()].find((result) => ['error', 'fail', 'skipped'].includes(result.status))?.message;
}
