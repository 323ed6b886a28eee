import { MillraceError } from '../../../kernel/errors.js';

/** Names of pools and variables are used in URLs and templates. */
const namePattern = /^[\w.~:@+ -]{1,250}$/;

/** Airflow's rule for the ids of connections. */
const connectionIdPattern = /^[\w.-]{1,200}$/;

/** The name of a pool or a variable. Throws REQUEST_INVALID. */
export function checkedName(name: string): string {
  if (namePattern.test(name)) return name;
  throw new MillraceError('REQUEST_INVALID', `${JSON.stringify(name)} cannot be a name`, {
    hint: 'Use up to 250 letters, digits, spaces and . ~ : @ + - _.',
  });
}

/** The id of a connection. Throws CONNECTION_INVALID. */
export function checkedConnectionId(id: string): string {
  if (connectionIdPattern.test(id)) return id;
  throw new MillraceError('CONNECTION_INVALID', `${JSON.stringify(id)} cannot be the id of a connection`, {
    hint: 'Use up to 200 letters, digits and . - _.',
  });
}
