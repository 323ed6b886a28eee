import { MillraceError } from '../../kernel/errors.js';
import type { JsonObject } from '../../kernel/json.js';
import type { Adapter } from '../adapters/adapter.js';
import { nodeContext } from '../compile/node-context.js';
import { Runtime } from '../compile/runtime.js';
import { fromHost, invoke } from '../jinja/index.js';
import { didYouMean } from '../project/nearest.js';
import type { Project } from '../project.js';
import { inlineNode } from './inline.js';

/** Calls a macro by its name (`package.macro` for one of a package) with named arguments: `run-operation`. */
export async function runOperation(
  project: Project,
  adapter: Adapter,
  name: string,
  args: JsonObject,
): Promise<unknown> {
  return adapter.withConnection(async (connection) => {
    const runtime = new Runtime({ project, adapter, connection });
    const { scope } = nodeContext(runtime, inlineNode(project, ''));
    const macro = scope.macro(name);
    if (!macro)
      throw new MillraceError('SQL_REFERENCE_UNKNOWN', `there is no macro "${name}"`, {
        hint: didYouMean(
          name,
          project.registry.all.map((entry) => entry.name),
        ),
      });
    const result = await invoke(macro, [], fromHostRecord(args));
    await connection.commit();
    return result;
  });
}

function fromHostRecord(args: JsonObject): Record<string, unknown> {
  return Object.fromEntries(Object.entries(args).map(([key, value]) => [key, fromHost(value)]));
}
