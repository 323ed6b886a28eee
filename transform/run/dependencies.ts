import type { Project } from '../project.js';

/**
 * What each node waits for among those that run; nodes that do not run are looked through. With test edges (dbt's `build`) a test holds back what is
 * downstream of all that it tests, and a unit test its model.
 */
export function runDependencies(project: Project, running: Set<string>, testEdges: boolean): Map<string, Set<string>> {
  const dependencies = testEdges
    ? project.buildDependencies()
    : new Map([...project.graph.parents].map(([id, parents]) => [id, [...parents]]));
  for (const test of project.manifest.unitTests.values()) {
    const [model = ''] = test.depends_on.nodes;
    dependencies.set(test.unique_id, [...(project.graph.parents.get(model) ?? [])]);
    if (testEdges) dependencies.get(model)?.push(test.unique_id);
  }
  return new Map([...running].map((id) => [id, nearestRunning(id, dependencies, running)]));
}

function nearestRunning(id: string, dependencies: Map<string, string[]>, running: Set<string>): Set<string> {
  const found = new Set<string>();
  const seen = new Set([id]);
  const waiting = [...(dependencies.get(id) ?? [])];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    if (seen.has(next)) continue;
    seen.add(next);
    if (running.has(next)) found.add(next);
    else waiting.push(...(dependencies.get(next) ?? []));
  }
  return found;
}
