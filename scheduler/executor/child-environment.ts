import { secretSettings, settingNames } from '../../kernel/config.js';

/** Variables of the system that programs need to work at all. */
const systemNames = [
  'PATH',
  'HOME',
  'USER',
  'LOGNAME',
  'SHELL',
  'LANG',
  'LANGUAGE',
  'TZ',
  'TMPDIR',
  'TEMP',
  'TMP',
  'SYSTEMROOT',
  'NODE_EXTRA_CA_CERTS',
  'SSL_CERT_FILE',
  'SSL_CERT_DIR',
  'HTTP_PROXY',
  'HTTPS_PROXY',
  'NO_PROXY',
  'http_proxy',
  'https_proxy',
  'no_proxy',
];

/**
 * The environment of the processes that run DAG code: what the system needs, the settings that are no secret, and what
 * begins with `DAG_` (an author's own variables). The server's keys and passwords stay in the server; connections reach a
 * task by name, through hooks.
 */
export function childEnvironment(env: Record<string, string | undefined>): Record<string, string> {
  const allowed = new Set<string>([...systemNames, ...settingNames.filter((name) => !secretSettings.has(name))]);
  const isAllowed = (name: string) => allowed.has(name) || name.startsWith('LC_') || name.startsWith('DAG_');
  return Object.fromEntries(
    Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined && isAllowed(entry[0])),
  );
}
