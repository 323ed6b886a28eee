import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { depsCommand } from '../../cli/sql/deps.js';
import { compareReleases, readConstraints, satisfies } from '../../cli/sql/hub.js';
import type { SqlOptions } from '../../cli/sql/options.js';
import { addFiles, writeProject } from '../transform/projects.js';

afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
});

async function deps(projectDir: string): Promise<string> {
  const printed: string[] = [];
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => printed.push(String(text)) > 0);
  const options: SqlOptions = {
    ...{ projectDir, vars: '{}', logFormat: 'text', useColors: false, partialParse: true, writeJson: true },
    indirectSelection: 'eager',
  };
  try {
    await depsCommand(options);
  } finally {
    vi.restoreAllMocks();
  }
  return printed.join('').replaceAll(/^\d\d:\d\d:\d\d {2}/gm, '');
}

function scratch(): string {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-deps-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** A package's archive, with its folder named as GitHub names it. */
function archive(name: string, version: string, files: Record<string, string> = {}): Buffer {
  const folder = scratch();
  addFiles(join(folder, `${name}-${version}`), {
    'dbt_project.yml': `name: ${name}\nversion: ${version}\n`,
    ...files,
  });
  return execFileSync('tar', ['-czf', '-', '-C', folder, `${name}-${version}`]);
}

/** A hub of packages by name and version. */
async function hub(packages: Record<string, Record<string, Buffer>>, spoil = false): Promise<string> {
  const server = createServer((request, response) => {
    const [, name, version] = /^\/(?:api\/v1\/)?(.+?)(?:\.json|@(.+)\.tgz)$/.exec(request.url ?? '') ?? [];
    const versions = packages[name ?? ''];
    const content = version === undefined ? undefined : versions?.[version];
    if (content) return response.end(content);
    if (!versions || version !== undefined) return response.writeHead(404).end();
    const entries = Object.entries(versions).map(([each, bytes]) => {
      const sha1 = spoil ? 'other' : createHash('sha1').update(bytes).digest('hex');
      return [each, { version: each, downloads: { tarball: `${url}/${name}@${each}.tgz`, format: 'tgz', sha1 } }];
    });
    response.end(JSON.stringify({ versions: Object.fromEntries(entries) }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  vi.stubEnv('DBT_PACKAGE_HUB_URL', url);
  return url;
}

const versionOf = (dir: string, name: string) =>
  /version: (\S+)/.exec(readFileSync(join(dir, 'dbt_packages', name, 'dbt_project.yml'), 'utf8'))?.[1];

describe('millrace sql deps', () => {
  it('takes from the hub the newest version in range, and what it needs itself', async () => {
    const needy = { 'packages.yml': 'packages: [{package: dbt-labs/utils, version: "<1.5.0"}]' };
    await hub({
      'dbt-labs/utils': Object.fromEntries(
        ['0.9.0', '1.4.0', '1.10.0', '2.0.0', '2.1.0-rc1'].map((version) => [version, archive('utils', version)]),
      ),
      'me/needy': { '1.0.0': archive('needy', '1.0.0', needy) },
    });
    const dir = writeProject({
      'packages.yml': 'packages:\n  - {package: dbt-labs/utils, version: [">=1.0.0", "<2.0.0"]}\n',
    });
    expect(await deps(dir)).toBe('Installed utils from dbt-labs/utils@1.10.0\n');
    addFiles(dir, {
      'packages.yml':
        'packages:\n  - {package: dbt-labs/utils, version: ">=1.0.0"}\n  - {package: me/needy, version: 1.0.0}\n',
    });
    expect(await deps(dir)).toBe(
      'Installed utils from dbt-labs/utils@2.0.0\nInstalled needy from me/needy@1.0.0\nInstalled utils from dbt-labs/utils@1.4.0\n',
    );
    expect([versionOf(dir, 'utils'), versionOf(dir, 'needy')]).toEqual(['1.4.0', '1.0.0']);
  });

  it('says what there is when no version suits, and when the hub does not have it or cannot be reached', async () => {
    const url = await hub({ 'a/b': { '1.0.0': archive('b', '1.0.0'), '1.1.0': archive('b', '1.1.0') } });
    const project = (entry: string) => writeProject({ 'packages.yml': `packages: [${entry}]` });
    await expect(deps(project('{package: a/b, version: ">=2.0.0"}'))).rejects.toMatchObject({
      message: 'no version of a/b satisfies >=2.0.0',
      hint: 'There are: 1.1.0, 1.0.0.',
    });
    await expect(deps(project('{package: a/c, version: 1.0.0}'))).rejects.toThrow(
      `a/c cannot be had: ${url}/api/v1/a/c.json answered 404`,
    );
    await expect(deps(project('{package: a/b, version: newest}'))).rejects.toThrow('a/b: "newest" is no version');
    await expect(deps(project('{packag: a/b}'))).rejects.toThrow(
      /named by "local", "git", "package" or "tarball"; got packag/,
    );
    vi.stubEnv('DBT_PACKAGE_HUB_URL', 'http://127.0.0.1:1');
    await expect(deps(project('{package: a/b}'))).rejects.toThrow(/a\/b cannot be had/);
  });

  it('refuses an archive that is not what the hub says', async () => {
    await hub({ 'a/b': { '1.0.0': archive('b', '1.0.0') } }, true);
    const dir = writeProject({ 'packages.yml': 'packages: [{package: a/b}]' });
    await expect(deps(dir)).rejects.toThrow(/a\/b@1.0.0 is not what the hub says/);
    expect(existsSync(join(dir, 'dbt_packages', 'b'))).toBe(false);
  });

  it('clones a git repository at a revision, and a folder of it', async () => {
    const repository = scratch();
    const git = (...args: string[]) =>
      execFileSync('git', ['-C', repository, '-c', 'user.name=t', '-c', 'user.email=t@example.org', ...args]);
    git('init', '--quiet');
    addFiles(repository, {
      'dbt_project.yml': 'name: one\nversion: 1.0.0\n',
      'inner/dbt_project.yml': 'name: two\nversion: 3.0.0\n',
    });
    git('add', '.');
    git('commit', '--quiet', '-m', 'First.');
    git('tag', 'v1');
    addFiles(repository, { 'dbt_project.yml': 'name: one\nversion: 2.0.0\n' });
    git('commit', '--quiet', '-a', '-m', 'Second.');
    const dir = writeProject({
      'packages.yml': `packages:\n  - {git: "file://${repository}", revision: v1}\n  - {git: "file://${repository}", subdirectory: inner}\n`,
    });
    await deps(dir);
    expect([versionOf(dir, 'one'), versionOf(dir, 'two')]).toEqual(['1.0.0', '3.0.0']);
    addFiles(dir, { 'packages.yml': `packages: [{git: "file://${repository}", revision: v9}]` });
    await expect(deps(dir)).rejects.toThrow(/git -C failed: .*v9/);
  });

  it('takes an archive by its address', async () => {
    const url = await hub({ 'a/b': { '1.0.0': archive('b', '1.0.0') } });
    const dir = writeProject({ 'dependencies.yml': `packages: [{tarball: "${url}/a/b@1.0.0.tgz", name: b}]` });
    expect(await deps(dir)).toMatch(/^Installed b from http/);
    expect(versionOf(dir, 'b')).toBe('1.0.0');
  });
});

describe('versions of packages', () => {
  it('are ordered as releases are', () => {
    const sorted = ['1.10.0', '1.2.0', '1.2.0-rc2', '1.2.0-rc10', '0.9', 'v2.0.0'].sort(compareReleases);
    expect(sorted).toEqual(['0.9', '1.2.0-rc2', '1.2.0-rc10', '1.2.0', '1.10.0', 'v2.0.0']);
  });

  it('satisfy ranges', () => {
    const within = (version: string, range: string[]) =>
      readConstraints(range, 'p').every((each) => satisfies(version, each));
    expect(within('1.5.0', ['>=1.0.0', '<2.0.0'])).toBe(true);
    expect(within('2.0.0', ['>=1.0.0,<2.0.0'])).toBe(false);
    expect(within('1.0.0', ['1.0'])).toBe(true);
    expect(within('1.0.0', ['!=1.0.0'])).toBe(false);
    expect(within('1.0.0', ['>1.0.0'])).toBe(false);
    expect(within('1.0.0', ['<=1.0.0'])).toBe(true);
    expect(within('1.0.0', [])).toBe(true);
  });
});
