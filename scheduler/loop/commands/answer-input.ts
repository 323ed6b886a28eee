import { MillraceError } from '../../../kernel/errors.js';
import type { Json, JsonObject } from '../../../kernel/json.js';
import { toIso } from '../../../kernel/time.js';
import type { TaskInstanceKey } from '../../model/attempt.js';
import type { Requester } from '../../model/commands.js';
import { defaultParams, requestOf } from '../human-answer.js';
import { schemaFaults } from '../params.js';
import { schedule } from '../settle.js';
import { audit, type CommandDeps } from './commands.js';

/** Answers the question of a task that waits for a person; the task goes on with the answer. */
export function answerInput(
  deps: CommandDeps,
  key: TaskInstanceKey,
  answer: { chosenOptions: string[]; paramsInput: JsonObject },
  by: Requester,
): Promise<void> {
  return deps.request((turn) => {
    const run = turn.live.findRun(key.dagId, key.runId);
    const index = run?.plan.indexOf.get(key.taskId);
    const instance = run && index !== undefined ? run.instance(index, key.mapIndex) : undefined;
    if (instance?.state !== 'awaiting_input') {
      throw new MillraceError(
        'ANSWER_UNWANTED',
        `${key.dagId}.${key.taskId} of ${key.runId} does not wait for an answer`,
      );
    }
    const request = requestOf(instance);
    checkAnswer(request, answer.chosenOptions, by);
    checkForm(request, answer.paramsInput);
    instance.eventJson = JSON.stringify({
      chosen_options: answer.chosenOptions,
      params_input: { ...defaultParams(request), ...answer.paramsInput },
      responded_at: toIso(turn.now),
      responded_by_user: { id: by.user, name: by.user },
    });
    schedule(turn, instance, `${by.user} answered ${answer.chosenOptions.join(', ')}`);
    audit(turn, by, 'answer_input', { ...key, extra: { chosen_options: answer.chosenOptions } });
  });
}

function checkAnswer(request: JsonObject, chosen: string[], by: Requester): void {
  const options = (request['options'] as Json[] | undefined) ?? [];
  const unknown = chosen.find((option) => !options.includes(option));
  const assigned = ((request['assignedUsers'] as Json[] | null | undefined) ?? []).map((user) =>
    typeof user === 'object' && user !== null && !Array.isArray(user) ? user['id'] : user,
  );
  if (unknown !== undefined) throw refused(`${JSON.stringify(unknown)} is not one of ${options.join(', ')}`);
  if (chosen.length === 0) throw refused('nothing was chosen');
  if (chosen.length > 1 && request['multiple'] !== true) throw refused('only one option may be chosen');
  if (assigned.length > 0 && !assigned.includes(by.user)) throw refused(`only ${assigned.join(', ')} may answer`);
}

/** Each field of the form must fit the schema that the task gave it; there are no others. */
function checkForm(request: JsonObject, input: JsonObject): void {
  const params = (request['params'] ?? {}) as Record<string, JsonObject | null>;
  for (const [name, value] of Object.entries(input)) {
    if (!Object.hasOwn(params, name)) throw refused(`there is no field ${name}`);
    const schema = params[name]?.['schema'];
    const faults = schema ? schemaFaults(schema as JsonObject, value, name) : [];
    if (faults.length > 0) throw refused(faults.join('; '));
  }
}

function refused(message: string): MillraceError {
  return new MillraceError('ANSWER_INVALID', message);
}
