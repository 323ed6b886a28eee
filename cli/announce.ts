import { join, relative } from 'node:path';
import { withoutPassword } from '../connectors/postgres.js';
import type { Settings } from '../kernel/config.js';
import type { Databases } from './databases.js';
import type { Home } from './home.js';
import { version } from './version.js';

/** What a person wants to know of a server that just started. */
export interface ServerFacts {
  version: string;
  webUrl: string;
  /** With a token that logs in once; null when it was used already or nobody needs one. */
  loginUrl: string | null;
  homeFolder: string;
  /** Addresses without passwords. */
  warehouse: { address: string; embedded: boolean } | null;
  source: { address: string; embedded: boolean } | null;
  objectStoreUrl: string;
  /** null: e-mails stay in the outbox. */
  mailServer: string | null;
  dagFolders: string[];
  logPath: string;
  /** Milliseconds from the start of the program, and of these, those for making the database on the first start. */
  readyMs: number;
  initialisedMs: number | null;
}

/** The facts of a server that has started just now. */
export function serverFacts(parts: {
  settings: Settings;
  home: Home;
  baseUrl: string;
  loginUrl: string | null;
  databases: Databases;
  objectStore: { url: string };
  dagFolders: string[];
}): ServerFacts {
  const { settings, home, baseUrl, loginUrl, databases, objectStore, dagFolders } = parts;
  return {
    version,
    webUrl: baseUrl,
    loginUrl,
    homeFolder: home.folder,
    warehouse:
      databases.warehouseUrl === null
        ? null
        : { address: withoutPassword(databases.warehouseUrl), embedded: settings.WAREHOUSE_URL === undefined },
    source:
      databases.sourceUrl === null
        ? null
        : { address: withoutPassword(databases.sourceUrl), embedded: settings.SOURCE_URL === undefined },
    objectStoreUrl: objectStore.url,
    mailServer: settings.SMTP_URL === undefined ? null : withoutPassword(settings.SMTP_URL),
    dagFolders,
    logPath: join(home.logFolder, 'millrace.log'),
    readyMs: performance.now(),
    initialisedMs: databases.embedded?.initialisedMs ?? null,
  };
}

/** The lines that a start ends with. */
export function announce(facts: ServerFacts): string {
  const lines: [string, string][] = [
    ['Web UI', facts.webUrl],
    ...(facts.loginUrl ? ([['Log in', facts.loginUrl]] as [string, string][]) : []),
    ['Warehouse', facts.warehouse ? databaseLine(facts.warehouse) : 'none'],
    ...(facts.source ? ([['Source', databaseLine(facts.source)]] as [string, string][]) : []),
    ['Objects', facts.objectStoreUrl],
    ['E-mails', facts.mailServer ?? 'kept in the outbox (set SMTP_URL to have them sent)'],
    ['DAGs', facts.dagFolders.map(shortPath).join(', ')],
    ['Data', shortPath(facts.homeFolder)],
    ['Log', shortPath(facts.logPath)],
  ];
  const width = Math.max(...lines.map(([name]) => name.length)) + 3;
  const table = lines.map(([name, value]) => `  ${name.padEnd(width)}${value}\n`).join('');
  return `\n  Millrace ${facts.version}\n\n${table}\n  ${readyLine(facts)}\n\n`;
}

function databaseLine({ address, embedded }: { address: string; embedded: boolean }): string {
  return embedded ? `${address}   (with the password: npx millrace url)` : address;
}

function readyLine({ readyMs, initialisedMs }: ServerFacts): string {
  const first = initialisedMs === null ? '' : `, ${milliseconds(initialisedMs)} of them to make the database`;
  return `ready in ${milliseconds(readyMs)}${first}. Ctrl-C stops everything.`;
}

function milliseconds(value: number): string {
  return `${Math.round(value).toLocaleString('en-US')} ms`;
}

/** Relative to the working folder when it lies below it. */
export function shortPath(path: string): string {
  const below = relative(process.cwd(), path);
  return below === '' ? '.' : below.startsWith('..') ? path : below;
}
