import { type Instant, toIso } from '../kernel/time.js';
import type { Assets } from './assets.js';
import * as words from './format.js';
import { Html, html } from './html.js';
import { scheduleWords } from './schedule-words.js';
import { stateWord } from './states.js';
import { urls } from './urls.js';
import type { Views } from './views.js';

/** What every template can say as `h.…`. Made anew for each page. */
export class PageHelpers {
  readonly now: Instant;
  readonly zone: string;
  readonly url: string;
  readonly urls: typeof urls = urls;
  readonly regions: Map<string, Html> = new Map();
  readonly duration: (ms: number | null | undefined) => string = words.formatDuration;
  readonly number: (value: number | null | undefined, digits?: number) => string = words.formatNumber;
  readonly compact: (value: number) => string = words.formatCompact;
  readonly bytes: (bytes: number | null | undefined) => string = words.formatBytes;
  readonly plural: (count: number, one: string, many?: string) => string = words.plural;
  readonly scheduleWords: (summary: string) => string = scheduleWords;
  readonly stateWord: (state: string | null) => string = stateWord;
  readonly #views: Views;
  readonly #assets: Assets;
  readonly #format: words.ZonedFormat;
  readonly #csrfToken: string;
  readonly #states = new Map<string, Html>();

  constructor(page: {
    views: Views;
    assets: Assets;
    format: words.ZonedFormat;
    now: Instant;
    csrfToken: string;
    url: string;
  }) {
    this.#views = page.views;
    this.#assets = page.assets;
    this.#format = page.format;
    this.#csrfToken = page.csrfToken;
    this.now = page.now;
    this.zone = page.format.zone;
    this.url = page.url;
  }

  asset(name: string): string {
    return this.#assets.path(name);
  }

  partial(name: string, view: object = {}): Html {
    return this.#views.render(`partials/${name}`, view, this);
  }

  icon(name: string, className = ''): Html {
    return html`<svg class="icon ${className}" aria-hidden="true"><use href="${this.asset('icons.svg')}#${name}"/></svg>`;
  }

  /** Draws a state: its colour, glyph and word. Every state on every page is drawn here. */
  state(
    state: string | null,
    options: { variant?: 'plain' | 'badge' | 'disc' | 'glyph' | 'large'; label?: string; since?: Instant | null } = {},
  ): Html {
    if (options.since !== undefined && options.since !== null) {
      return this.partial('state', { state: state ?? 'none', variant: 'plain', ...options });
    }
    const key = `${state} ${options.variant} ${options.label}`;
    let drawn = this.#states.get(key);
    if (!drawn) {
      drawn = this.partial('state', { state: state ?? 'none', variant: 'plain', since: null, ...options });
      this.#states.set(key, drawn);
    }
    return drawn;
  }

  /** A moment as its time of day, with everything about it in the title. */
  time(at: Instant | null | undefined, style: words.TimeStyle | 'near' = 'near'): Html {
    if (at === null || at === undefined) return new Html('—');
    const text = style === 'near' ? this.#format.near(at, this.now) : this.#format.format(at, style);
    return html`<time datetime="${toIso(at)}" title="${this.#title(at)}">${text}</time>`;
  }

  /** A moment as text alone, for titles and attributes. */
  timeText(at: Instant | null | undefined, style: words.TimeStyle | 'near' = 'near'): string {
    if (at === null || at === undefined) return '—';
    return style === 'near' ? this.#format.near(at, this.now) : this.#format.format(at, style);
  }

  /** A moment by its distance from now: `8 m ago`, `in 51 m`. The browser keeps it true. */
  ago(at: Instant | null | undefined): Html {
    if (at === null || at === undefined) return new Html('—');
    return html`<time data-tick="ago" datetime="${toIso(at)}" title="${this.#title(at)}">${words.formatRelative(at, this.now)}</time>`;
  }

  /** How long something has been going on: `6m 31s`, ticking. */
  elapsed(since: Instant | null | undefined): Html {
    if (since === null || since === undefined) return new Html('—');
    return html`<time data-tick="elapsed" datetime="${toIso(since)}" title="since ${this.#title(since)}">${words.formatElapsed(this.now - since)}</time>`;
  }

  /** Remembers a part of the page that can change while someone looks. Its element must carry the same id. */
  live(id: string, region: Html): Html {
    this.regions.set(id, region);
    return region;
  }

  /** The hidden field that every form carries. */
  csrf(): Html {
    return html`<input type="hidden" name="_csrf" value="${this.#csrfToken}">`;
  }

  csrfToken(): string {
    return this.#csrfToken;
  }

  /** This page's address with some of its query changed; null removes. */
  here(changes: Record<string, string | number | null>): string {
    const url = new URL(this.url, 'http://page');
    for (const [name, value] of Object.entries(changes)) {
      if (value === null) url.searchParams.delete(name);
      else url.searchParams.set(name, String(value));
    }
    return `${url.pathname}${url.search}`;
  }

  json(value: unknown): string {
    return JSON.stringify(value, null, 2);
  }

  #title(at: Instant): string {
    return `${this.#format.format(at, 'full')} ${this.zone}`;
  }
}
