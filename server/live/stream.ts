import type { Response } from 'express';
import type { Html } from '../html.js';
import {
  type Page,
  type PageRenderer,
  type PageRequest,
  type RenderedPage,
  renderPage,
  withoutTicking,
} from '../page.js';

/** At most so often a page is drawn again for one reader. */
const redrawEveryMs = 400;
/** A comment so often keeps proxies from closing a silent stream. */
const keepAliveMs = 20_000;

/**
 * Keeps one reader's page true: on every event that concerns the page it is rendered again, and the live regions that
 * came out different are sent as `patch` events (the id of the element, then its HTML). The id of each event is the
 * digest of the whole page, so a reader who comes back with the last one gets only what has changed since, which is
 * nothing or every region.
 */
export class LivePage {
  readonly #renderer: PageRenderer;
  readonly #page: Page;
  readonly #makeRequest: () => PageRequest;
  readonly #response: Response;
  #sent = new Map<string, string>();
  #digest: string;
  #busy = false;
  #again = false;
  #closed = false;
  #cancelTimer: () => void = () => {};
  #stopListening: () => void = () => {};

  constructor(stream: {
    renderer: PageRenderer;
    page: Page;
    makeRequest(): PageRequest;
    response: Response;
    /** What the reader has: of the page as it was loaded, or of the last event. */
    digest: string;
  }) {
    this.#renderer = stream.renderer;
    this.#page = stream.page;
    this.#makeRequest = stream.makeRequest;
    this.#response = stream.response;
    this.#digest = stream.digest;
  }

  /** Brings the reader up to date, then follows the events until the connection closes. */
  async open(): Promise<void> {
    this.#response.set({ 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store', 'X-Accel-Buffering': 'no' });
    this.#response.flushHeaders();
    this.#response.write('retry: 1000\n\n');
    this.#response.on('close', () => this.#close());
    const rendered = await this.#render();
    if (this.#closed) return;
    if (rendered.digest === this.#digest)
      for (const [id, region] of rendered.regions) this.#sent.set(id, withoutTicking(region));
    else this.#send(rendered);
    this.#follow(rendered);
  }

  #follow(rendered: RenderedPage): void {
    const { concerns, refreshMs } = rendered.page;
    if (concerns) {
      this.#stopListening = this.#renderer.deps.events.listen((event) => {
        if (concerns(event)) this.#redrawSoon();
      });
    }
    this.#beat(refreshMs);
  }

  #beat(refreshMs: number | undefined): void {
    const { clock } = this.#renderer.deps;
    let sinceRefresh = 0;
    const step = Math.min(refreshMs ?? keepAliveMs, keepAliveMs);
    const tick = () => {
      if (this.#closed) return;
      sinceRefresh += step;
      if (refreshMs !== undefined && sinceRefresh >= refreshMs) {
        sinceRefresh = 0;
        this.#redrawSoon();
      } else this.#response.write(': still here\n\n');
      this.#cancelTimer = clock.after(step, tick);
    };
    this.#cancelTimer = clock.after(step, tick);
  }

  #redrawSoon(): void {
    this.#again = true;
    if (this.#busy || this.#closed) return;
    this.#busy = true;
    // The first change waits a moment as well: one decision of the scheduler brings many events.
    this.#renderer.deps.clock.after(redrawEveryMs / 4, () => void this.#redraw());
  }

  async #redraw(): Promise<void> {
    this.#again = false;
    try {
      if (this.#closed) return;
      this.#send(await this.#render());
    } catch {
      // What the page shows is gone (deleted, renamed): a reload says what there is to say about it.
      this.#response.end('event: gone\ndata:\n\n');
      this.#close();
      return;
    }
    this.#renderer.deps.clock.after(redrawEveryMs, () => {
      this.#busy = false;
      if (this.#again) this.#redrawSoon();
    });
  }

  #render(): Promise<RenderedPage> {
    return renderPage(this.#renderer, this.#page, this.#makeRequest());
  }

  #send({ regions, digest }: RenderedPage): void {
    if (this.#closed) return;
    const changed = [...regions].filter(([id, region]) => this.#sent.get(id) !== withoutTicking(region));
    const removed = [...this.#sent.keys()].filter((id) => !regions.has(id));
    if (changed.length === 0 && removed.length === 0) return;
    let text = '';
    for (const [id, region] of changed) text += patch(id, region);
    this.#sent = new Map([...regions].map(([id, region]) => [id, withoutTicking(region)]));
    this.#digest = digest;
    this.#response.write(`${text}id: ${digest}\nevent: drawn\ndata: ${digest}\n\n`);
  }

  #close(): void {
    this.#closed = true;
    this.#stopListening();
    this.#cancelTimer();
  }
}

function patch(id: string, region: Html): string {
  return `event: patch\ndata: ${JSON.stringify({ id, html: region.text })}\n\n`;
}
