import type { Dag } from '../dag/dag.js';
import type { TestDagOptions, TestedRun } from './test-dag.js';

/**
 * Runs a whole DAG in this process, with the scheduler's own rules, and returns what became of it. Needs no server and
 * no database; retry delays and sensors' intervals pass at once. Rejects with DAG_INVALID as an import would.
 */
export async function testDag(dag: Dag, options: TestDagOptions = {}): Promise<TestedRun> {
  // Loaded when it is called: every child process imports the public module, and none of them tests a DAG.
  const { testDag: run } = await import('./test-dag.js');
  return run(dag, options);
}
