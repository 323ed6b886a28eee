import { MillraceError } from '../../kernel/errors.js';
import { compileNode } from '../compile/compile.js';
import { describeNode } from '../compile/names.js';
import type { Runtime } from '../compile/runtime.js';
import type { ManifestNode } from '../manifest/node.js';
import { runTest } from '../materializations/test.js';
import { nodeRun } from './run-node.js';

/**
 * Runs the tests that depend on a node alone, on what its open transaction has made and nobody else sees yet. Throws SQL_AUDIT_FAILED when one
 * fails; the caller's rollback then leaves what was published before.
 */
export async function auditNode(runtime: Runtime, node: ManifestNode): Promise<void> {
  if (node.config['write_audit_publish'] !== true) return;
  const tests = [...runtime.project.manifest.nodes.values()].filter(
    (test) =>
      test.resource_type === 'test' &&
      test.depends_on.nodes.length === 1 &&
      test.depends_on.nodes[0] === node.unique_id,
  );
  const failures: string[] = [];
  for (const test of tests) {
    // Failing rows are not kept here: that would commit.
    const unstored = { ...test, config: { ...test.config, store_failures: false, store_failures_as: 'ephemeral' } };
    const { sql, context } = await compileNode(runtime, unstored);
    const outcome = await runTest(nodeRun(runtime, unstored, sql, context));
    if (outcome.status === 'fail') failures.push(`${test.name}: ${outcome.message}`);
  }
  if (failures.length === 0) return;
  throw new MillraceError(
    'SQL_AUDIT_FAILED',
    `${describeNode(node)} was built but not published: ${failures.join('; ')}`,
    {
      hint: 'What was there before is unchanged.',
    },
  );
}
