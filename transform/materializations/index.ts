import { MillraceError } from '../../kernel/errors.js';
import { describeNode } from '../compile/names.js';
import { didYouMean } from '../project/nearest.js';
import { customMaterialization } from './custom.js';
import { incremental } from './incremental.js';
import type { Materialization, NodeRun } from './materialization.js';
import { materializedView } from './materialized-view.js';
import { operation } from './operation.js';
import { seed } from './seed.js';
import { snapshot } from './snapshot.js';
import { table } from './table.js';
import { view } from './view.js';

const materializations: Record<string, Materialization> = {
  view,
  table,
  incremental,
  materialized_view: materializedView,
  snapshot,
  seed,
};

/** How a node is built: by a materialization of the project if it has one of that name, else by the engine's. */
export function findMaterialization(run: NodeRun): Materialization {
  if (run.node.resource_type === 'operation') return operation;
  const name = String(run.config['materialized']);
  const custom = customMaterialization(run, name);
  if (custom) return custom;
  const found = materializations[name];
  if (found) return found;
  throw new MillraceError('SQL_PROJECT_INVALID', `${describeNode(run.node)}: there is no materialization "${name}"`, {
    hint: didYouMean(name, [...Object.keys(materializations), 'ephemeral']) || 'Write one with {% materialization %}.',
  });
}
