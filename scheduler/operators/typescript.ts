import { MillraceError } from '../../kernel/errors.js';
import type { Json, JsonObject } from '../../kernel/json.js';
import { nodeIfAny } from '../dag/draft.js';
import type { TaskFunction } from '../dag/refs.js';
import { FailTask } from '../dag/signals.js';
import type { Operator, OperatorCall } from './operator.js';

/** A handler of the DAG file; as the condition of an `if` or the chooser of a `switch`, it also decides the branch. */
export const typescriptOperator: Operator = {
  templateFields: [],
  async perform(call) {
    const value = await callHandler(call);
    const branch = call.options['branch'] as BranchOptions | undefined;
    if (!branch) return value;
    return branch.kind === 'if' ? decideIf(call, branch, value) : decideSwitch(call, branch, value);
  },
};

/** Goes on when the handler returns something true, else skips what follows. */
export const shortCircuitOperator: Operator = {
  templateFields: [],
  async perform(call) {
    const value = await callHandler(call);
    if (!value) {
      const skipped = call.options['downstream'] as string[];
      const ignoreTriggerRules = call.options['ignoreDownstreamTriggerRules'] === true;
      call.scope.effects.skip = { skipped, ignoreTriggerRules };
      call.scope.log('INFO', `The condition is false: skips ${skipped.join(', ') || 'nothing'}`);
    }
    return value;
  },
};

/** Calls the handler that the file declares for this task, with its named arguments. */
export async function callHandler({ bundle, inputs }: OperatorCall): Promise<unknown> {
  const { handler, taskId } = await bundle.declaration();
  if (typeof handler !== 'function') {
    throw new MillraceError('TASK_FAILED', `task "${taskId}" has no handler in its file`);
  }
  return (handler as TaskFunction as (args: Record<string, Json>) => unknown)(inputs);
}

interface BranchOptions extends JsonObject {
  kind: 'if' | 'switch';
  multiple: boolean;
  chosen: string[];
  otherwise: string[];
  /** Of cases that are groups: the tasks in which each begins. */
  groups: Record<string, string[]>;
}

function decideIf({ scope }: OperatorCall, branch: BranchOptions, value: unknown): boolean {
  if (typeof value !== 'boolean') {
    throw new FailTask(`the condition of an if returned ${JSON.stringify(value)} instead of true or false`);
  }
  const followed = value ? branch.chosen : branch.otherwise;
  scope.effects.skip = { followed };
  scope.log('INFO', `Follows ${followed.join(', ') || 'nothing'}`);
  return value;
}

/** The value of a `switch` is the id of the chosen task or group, or the list of them. */
function decideSwitch({ scope }: OperatorCall, branch: BranchOptions, value: unknown): Json {
  if (Array.isArray(value) !== branch.multiple) {
    throw new FailTask(
      branch.multiple
        ? `the switch may choose several cases and must return a list, but returned ${nameOf(value)}`
        : `the switch chooses one case, but returned a list. Set { multiple: true } to choose several.`,
    );
  }
  const chosen = [value].flat().map(nameOf);
  const inGroups = Object.values(branch.groups).flat();
  const cases = [...branch.chosen.filter((id) => !inGroups.includes(id)), ...Object.keys(branch.groups)];
  const unknown = chosen.find((name) => !cases.includes(name));
  if (unknown !== undefined) {
    throw new FailTask(`the switch chose ${unknown}, which is none of its cases: ${cases.join(', ')}`);
  }
  scope.effects.skip = { followed: chosen.flatMap((name) => branch.groups[name] ?? [name]) };
  scope.log('INFO', `Follows ${chosen.join(', ') || 'nothing'}`);
  return branch.multiple ? chosen : (chosen[0] as string);
}

function nameOf(choice: unknown): string {
  const node = typeof choice === 'object' && choice !== null ? nodeIfAny(choice) : undefined;
  if (node) return node.kind === 'task' ? node.taskId : node.groupId;
  return typeof choice === 'string' ? choice : (JSON.stringify(choice) ?? 'nothing');
}
