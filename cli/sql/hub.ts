import { MillraceError } from '../../kernel/errors.js';
import type { Json, JsonObject } from '../../kernel/json.js';
import { isObject } from '../../transform/project/yaml.js';

/** One version of a package of dbt's hub: where its archive is. */
export interface HubVersion {
  version: string;
  tarball: string;
  sha1: string | null;
}

const hubTimeoutMs = 30_000;

/** The hub that `DBT_PACKAGE_HUB_URL` names, else dbt's own. */
export function hubUrl(env: Record<string, string | undefined>): string {
  return (env['DBT_PACKAGE_HUB_URL'] ?? 'https://hub.getdbt.com').replace(/\/$/, '');
}

/**
 * The newest version of `namespace/name` that satisfies every constraint (`>=1.0.0`, `<2.0.0`, `1.2.3`). Versions before a release count only when they
 * are asked for. Rejects with SQL_PACKAGE_MISSING that says what there is.
 */
export async function findHubVersion(
  hub: string,
  name: string,
  constraints: readonly string[],
  prereleases: boolean,
): Promise<HubVersion> {
  const index = await readJson(`${hub}/api/v1/${name}.json`, name);
  const versions = isObject(index['versions']) ? index['versions'] : {};
  const fitting = Object.keys(versions)
    .filter((version) => constraints.every((each) => satisfies(version, each)))
    .filter((version) => prereleases || !version.includes('-') || constraints.includes(version))
    .sort(compareReleases);
  const found = fitting.at(-1);
  const entry = found === undefined ? undefined : versions[found];
  const downloads = isObject(entry) && isObject(entry['downloads']) ? entry['downloads'] : {};
  if (found === undefined || typeof downloads['tarball'] !== 'string')
    throw new MillraceError(
      'SQL_PACKAGE_MISSING',
      `no version of ${name} satisfies ${constraints.join(', ') || 'what is asked for'}`,
      {
        hint: `There are: ${Object.keys(versions).sort(compareReleases).reverse().slice(0, 10).join(', ') || 'none'}.`,
      },
    );
  const sha1 = typeof downloads['sha1'] === 'string' ? downloads['sha1'] : null;
  return { version: found, tarball: downloads['tarball'], sha1 };
}

/** Fetches an archive. Rejects with SQL_PACKAGE_MISSING. */
export async function download(url: string, name: string): Promise<Buffer> {
  const response = await ask(url, name);
  return Buffer.from(await response.arrayBuffer());
}

async function readJson(url: string, name: string): Promise<JsonObject> {
  const response = await ask(url, name);
  const content = (await response.json().catch(() => null)) as Json;
  if (isObject(content)) return content;
  throw new MillraceError('SQL_PACKAGE_MISSING', `${url} did not answer with JSON`);
}

async function ask(url: string, name: string): Promise<Response> {
  const hint = 'Name its git repository and revision instead (- git: https://…, revision: 1.3.0), or a local folder.';
  let response: Response;
  try {
    response = await fetch(url, { signal: AbortSignal.timeout(hubTimeoutMs), redirect: 'follow' });
  } catch (error) {
    const { message, cause } = error as Error;
    throw new MillraceError(
      'SQL_PACKAGE_MISSING',
      `${name} cannot be had: ${url}: ${cause instanceof Error ? cause.message : message}`,
      { hint, cause: error },
    );
  }
  if (response.ok) return response;
  throw new MillraceError('SQL_PACKAGE_MISSING', `${name} cannot be had: ${url} answered ${response.status}`, { hint });
}

/** The constraints of an entry's `version`: a text with commas, or a list. */
export function readConstraints(version: Json | undefined, name: string): string[] {
  const texts = version === undefined || version === null ? [] : Array.isArray(version) ? version : [version];
  const constraints = texts.flatMap((each) => String(each).split(',')).map((each) => each.trim());
  const wrong = constraints.find((each) => !constraintPattern.test(each));
  if (wrong === undefined) return constraints;
  throw new MillraceError('SQL_PROJECT_INVALID', `${name}: "${wrong}" is no version`, {
    hint: 'Write 1.2.3, or a range such as [">=1.0.0", "<2.0.0"].',
  });
}

const constraintPattern = /^(?<operator>>=|<=|==|!=|>|<|=)?\s*(?<version>v?\d+(\.\d+)*([-+.]?[0-9A-Za-z.]+)?)$/;

export function satisfies(version: string, constraint: string): boolean {
  const { operator = '=', version: wanted = '' } = constraintPattern.exec(constraint)?.groups ?? {};
  const order = compareReleases(version, wanted);
  switch (operator) {
    case '>=':
      return order >= 0;
    case '<=':
      return order <= 0;
    case '>':
      return order > 0;
    case '<':
      return order < 0;
    case '!=':
      return order !== 0;
    default:
      return order === 0;
  }
}

/** Semantic versions: what comes before a release (`1.0.0-rc1`) is less than the release. */
export function compareReleases(left: string, right: string): number {
  const read = (text: string) => {
    const [numbers = '', ...rest] = text.replace(/^v/, '').split('-');
    return { numbers: numbers.split('.').map(Number), before: rest.join('-') };
  };
  const [a, b] = [read(left), read(right)];
  for (let at = 0; at < Math.max(a.numbers.length, b.numbers.length); at++) {
    const difference = (a.numbers[at] ?? 0) - (b.numbers[at] ?? 0);
    if (difference !== 0) return difference;
  }
  if (a.before === b.before) return 0;
  if (a.before === '' || b.before === '') return a.before === '' ? 1 : -1;
  return a.before.localeCompare(b.before, 'en', { numeric: true });
}
