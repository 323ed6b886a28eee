import { MillraceError } from '../../kernel/errors.js';
import { describeNode } from '../compile/names.js';
import { Relation } from '../compile/relation.js';
import { invoke, isMapping, mappingGet } from '../jinja/index.js';
import { internalPackage } from '../manifest/macros.js';
import { type Materialization, type NodeRun, postHooks, preHooks } from './materialization.js';

/** A `{% materialization %}` of the project: its own adapter's first, then the default; the root project's before a package's. */
export function customMaterialization(run: NodeRun, name: string): Materialization | null {
  const { registry } = run.context.scope.macros;
  for (const adapter of [run.adapter.type, 'default']) {
    const macro = `materialization_${name}_${adapter}`;
    const owners = registry.packageNames.filter(
      (each) => each !== internalPackage && registry.ofPackage(each)?.has(macro),
    );
    if (owners.length > 0) return (each) => runCustom(each, macro);
  }
  return null;
}

/** Calls it with dbt's protocol: hooks as variables, the main statement's result under `main`, the relations it returns. */
async function runCustom(run: NodeRun, name: string): ReturnType<Materialization> {
  const { own, scope } = run.context;
  own['pre_hooks'] = preHooks(run);
  own['post_hooks'] = postHooks(run);
  const entry = scope.macros.registry.packageNames
    .filter((each) => each !== internalPackage)
    .map((each) => scope.macros.registry.ofPackage(each)?.get(name))
    .find((each) => each !== undefined);
  if (!entry) throw new MillraceError('SQL_REFERENCE_UNKNOWN', `there is no macro ${name}`);
  const answer = await invoke(scope.macros.bind(entry), []);
  await run.connection.commit();
  const relations = isMapping(answer) ? mappingGet(answer, 'relations') : undefined;
  if (!Array.isArray(relations))
    throw new MillraceError(
      'SQL_COMPILATION_FAILED',
      `${describeNode(run.node)}: the materialization ${name} must return {'relations': […]}`,
    );
  const message = run.mainResponse();
  return { main: message, relation: relations.find((each) => each instanceof Relation) ?? run.target };
}
