import { createHash } from 'node:crypto';
import type { Instant } from '../kernel/time.js';
import type { SchedulerEvent } from '../scheduler/model/events.js';
import type { Assets } from './assets.js';
import { csrfTokenOf, type Session } from './auth/sessions.js';
import type { AppDeps } from './deps.js';
import { knownZone, ZonedFormat } from './format.js';
import { Html } from './html.js';
import { PageHelpers } from './page-helpers.js';
import type { Views } from './views.js';

export type Section =
  | 'home'
  | 'dags'
  | 'runs'
  | 'timeline'
  | 'assets'
  | 'data'
  | 'streams'
  | 'ledger'
  | 'quarantine'
  | 'dashboards'
  | 'emails'
  | 'admin';

/** What the browser says about how it wants to see things; kept in cookies. */
export interface Preferences {
  zone: string;
  theme: 'system' | 'light' | 'dark';
  folded: boolean;
}

export interface PageRequest {
  /** Path and query, as in the address bar. */
  url: string;
  params: Record<string, string>;
  query: URLSearchParams;
  session: Session;
  preferences: Preferences;
  now: Instant;
  format: ZonedFormat;
}

export interface PageView {
  template: string;
  title: string;
  section: Section;
  /** From the outermost to the page itself; the last has no link. */
  crumbs: { label: string; href?: string }[];
  /** Content reaches the edges; the template draws its own padding. */
  flush?: boolean;
  view: object;
  /** Which events may change what the page shows. Left out: none, the page is still. */
  concerns?: (event: SchedulerEvent) => boolean;
  /** Draws the live parts anew so often even without an event, while someone looks; milliseconds. */
  refreshMs?: number;
}

/** One address and what is shown there. */
export interface Page {
  /** Parts separated by `/`; a part that begins with `:` is a parameter. */
  path: string;
  load(request: PageRequest, deps: AppDeps): Promise<PageView>;
}

export interface RenderedPage {
  document: Html;
  /** The parts that can change while someone looks, by the id of their element. */
  regions: Map<string, Html>;
  /** Names what the regions say; the same digest, the same page. */
  digest: string;
  page: PageView;
}

export interface PageRenderer {
  views: Views;
  assets: Assets;
  deps: AppDeps;
  frame(request: PageRequest): Promise<object>;
}

export function pageRequest(input: {
  url: string;
  params: Record<string, string>;
  session: Session;
  preferences: Preferences;
  now: Instant;
}): PageRequest {
  return {
    ...input,
    query: new URL(input.url, 'http://page').searchParams,
    format: new ZonedFormat(knownZone(input.preferences.zone)),
  };
}

/** Loads a page and renders it whole, noting its live regions on the way. */
export async function renderPage(
  renderer: PageRenderer,
  page: Page,
  request: PageRequest,
  flash?: Flash,
): Promise<RenderedPage> {
  const [view, frame] = await Promise.all([page.load(request, renderer.deps), renderer.frame(request)]);
  const helpers = new PageHelpers({
    views: renderer.views,
    assets: renderer.assets,
    format: request.format,
    now: request.now,
    csrfToken: csrfTokenOf(request.session),
    url: request.url,
  });
  const body = renderer.views.render(`pages/${view.template}`, view.view, helpers);
  const navigation = helpers.live('nav', helpers.partial('nav', { ...frame, section: view.section }));
  const digest = digestOf(helpers.regions);
  const document = renderer.views.render(
    'layouts/base',
    {
      ...view,
      body,
      navigation,
      frame,
      digest,
      flash,
      preferences: request.preferences,
      session: request.session,
      live: view.concerns !== undefined || view.refreshMs !== undefined,
    },
    helpers,
  );
  return { document: new Html(`<!doctype html>\n${document.text}`), regions: helpers.regions, digest, page: view };
}

export interface Flash {
  kind: 'good' | 'bad';
  text: string;
}

export function digestOf(regions: Map<string, Html>): string {
  const hash = createHash('sha256');
  for (const [id, region] of regions) hash.update(id).update('\0').update(withoutTicking(region)).update('\0');
  return hash.digest('base64url').slice(0, 22);
}

/** A region without the texts that the browser keeps ticking by itself: they are no change. */
export function withoutTicking(region: Html): string {
  return region.text.replace(/(<time [^>]*>)[^<]*/g, '$1');
}
