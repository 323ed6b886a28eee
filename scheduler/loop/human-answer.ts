import type { Json, JsonObject } from '../../kernel/json.js';
import { type Instant, toIso } from '../../kernel/time.js';
import type { LiveTaskInstance } from '../decide/live-run.js';

/** What a task that asked a person goes on with when nobody has answered: the defaults, and that nobody did. */
export function timedOutAnswer(instance: LiveTaskInstance, now: Instant): JsonObject {
  const request = requestOf(instance);
  return {
    timed_out: true,
    chosen_options: (request['defaults'] as Json[] | null | undefined) ?? [],
    params_input: defaultParams(request),
    responded_at: toIso(now),
    responded_by_user: null,
  };
}

/** The question that a task has asked. */
export function requestOf(instance: LiveTaskInstance): JsonObject {
  return JSON.parse(instance.triggerJson ?? '{}') as JsonObject;
}

/** The values that the fields of the form have before anybody touches them. */
export function defaultParams(request: JsonObject): JsonObject {
  const params = (request['params'] ?? {}) as Record<string, JsonObject | null>;
  return Object.fromEntries(Object.entries(params).map(([name, param]) => [name, param?.['value'] ?? null]));
}
