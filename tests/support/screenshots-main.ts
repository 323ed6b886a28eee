import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { packageRoot } from '../../kernel/paths.js';
import { browserPath, type Shot, shownPages, takeScreenshots } from './screenshots.js';
import { type FixtureSize, uiFixture } from './ui-fixture.js';
import { uiServer } from './ui-server.js';
import { fakeWarehouse } from './ui-warehouse.js';

/** `npm run screenshots -- [folder] [empty|normal|huge] [page,page …]`: every page in light, dark, wide and on a phone. */
const [folder = '.millrace/screenshots', size = 'normal', names] = process.argv.slice(2);
if (!existsSync(browserPath)) throw new Error(`there is no browser at ${browserPath}; CHROMIUM_PATH names one`);
const fixture = await uiFixture({
  size: size as NonNullable<FixtureSize['size']>,
  warehouse: fakeWarehouse(),
  dashboardFolders: [join(packageRoot, 'dashboards')],
});
const server = await uiServer(fixture.deps);
const shots = (names?.split(',') ?? Object.keys(shownPages)).flatMap((page) =>
  (['light', 'dark'] as const).flatMap((theme) => [true, false].map((wide): Shot => ({ page, theme, wide }))),
);
const faults = await takeScreenshots(server, resolve(folder), shots);
await server.close();
await fixture.close();
process.stdout.write(`${shots.length} pictures in ${resolve(folder)}\n${faults.map((fault) => `${fault}\n`).join('')}`);
