import { readdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { describeError, MillraceError } from '../../kernel/errors.js';
import { type Dashboard, parseDashboard } from './parse-dashboard.js';

export interface DashboardFile {
  /** The file's name without `.md`: its address. */
  name: string;
  dashboard: Dashboard | null;
  error: string | null;
}

const filesMax = 500;

/** Every dashboard of the folders, by name; of two with one name the first folder's counts. */
export async function listDashboards(folders: string[]): Promise<DashboardFile[]> {
  const names = new Set<string>();
  for (const folder of folders) for (const name of await namesIn(folder)) names.add(name);
  const sorted = [...names].sort().slice(0, filesMax);
  return Promise.all(
    sorted.map(async (name) => {
      try {
        return { name, dashboard: (await readDashboard(folders, name)).dashboard, error: null };
      } catch (error) {
        // A broken file is shown in the list with what is wrong with it; the others are not its hostages.
        return { name, dashboard: null, error: describeError(error) };
      }
    }),
  );
}

/** Throws NOT_FOUND, or DASHBOARD_INVALID. */
export async function readDashboard(
  folders: string[],
  name: string,
): Promise<{ dashboard: Dashboard; source: string }> {
  for (const folder of folders) {
    // The name comes from an address: only one that the folder lists is opened.
    if (!(await namesIn(folder)).includes(name)) continue;
    const source = (await readFile(join(folder, `${name}.md`), 'utf8')).replaceAll('\r\n', '\n');
    return { dashboard: parseDashboard(source), source };
  }
  throw new MillraceError('NOT_FOUND', `no dashboard is called ${name}`);
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    const entries = await readdir(folder, { withFileTypes: true });
    return entries
      .filter((entry) => entry.isFile() && entry.name.endsWith('.md'))
      .map((entry) => basename(entry.name, '.md'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}
