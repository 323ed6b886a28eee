import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { packageRoot } from '../../kernel/paths.js';
import { loadProject, openAdapter, runNode } from '../../transform/index.js';
import type { NodeResult } from '../../transform/model.js';

export interface BankProject {
  /** Runs every node in the project's order; throws when one of them fails. `tests: false` leaves the tests out. */
  build(options?: { fullRefresh?: boolean; tests?: boolean }): Promise<NodeResult[]>;
}

/** The bank's dbt project on a warehouse, for the running test. */
export async function openBankProject(warehouseUrl: string): Promise<BankProject> {
  const project = await loadProject({ dir: join(packageRoot, 'sql/bank'), connectionUrl: warehouseUrl });
  const adapter = await openAdapter({ url: warehouseUrl, threads: 1 });
  onTestFinished(() => adapter.close());
  const order = inOrder(project.taskGraph({ tests: 'each' }));
  return {
    async build({ fullRefresh = false, tests = true } = {}) {
      const results: NodeResult[] = [];
      for (const uniqueId of order.filter((id) => tests || !id.startsWith('test.'))) {
        const result = await runNode(project, uniqueId, { adapter, fullRefresh });
        results.push(result);
        if (result.status === 'error' || result.status === 'fail') {
          throw new Error(`${uniqueId}: ${result.status}: ${result.message}\n${JSON.stringify(result.sample)}`);
        }
      }
      return results;
    },
  };
}

function inOrder(graph: { uniqueIds: string[]; name: string; upstream: string[] }[]): string[] {
  const done = new Set<string>();
  const order: string[] = [];
  let waiting = graph;
  while (waiting.length > 0) {
    const ready = waiting.filter((node) => node.upstream.every((name) => done.has(name)));
    if (ready.length === 0) throw new Error(`a circle among ${waiting.map((node) => node.name).join(', ')}`);
    for (const node of ready) {
      order.push(...node.uniqueIds);
      for (const id of [node.name, ...node.uniqueIds]) done.add(id);
    }
    waiting = waiting.filter((node) => !ready.includes(node));
  }
  return order;
}
