import { MillraceError } from '../../kernel/errors.js';
import type { Json } from '../../kernel/json.js';
import { requestUrl } from '../dag/hooks.js';
import type { Operator } from './operator.js';

/** Calls a URL once; retries are the task's. */
export const httpOperator: Operator = {
  templateFields: ['url', 'method', 'headers', 'body'],
  async perform({ scope, options }) {
    const url = String(options['url']);
    if (!/^https?:/.test(url) || !URL.canParse(url)) {
      throw new MillraceError('TASK_FAILED', `${JSON.stringify(url)} is no http or https URL`);
    }
    const method = String(options['method'] ?? 'GET').toUpperCase();
    const answer = await requestUrl<Json>(method, new URL(url), {
      ...(options['headers'] ? { headers: options['headers'] as Record<string, string> } : {}),
      ...(options['body'] === undefined ? {} : { body: options['body'] }),
      ...(options['expect'] ? { expect: options['expect'] as number[] } : {}),
      ...(options['timeout'] ? { timeoutSeconds: options['timeout'] as number } : {}),
      signal: scope.signal,
    });
    scope.log('INFO', `${method} ${url} answered ${answer.status}`);
    scope.effects.details['status'] = answer.status;
    return answer.body;
  },
};
