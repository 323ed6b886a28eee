import { type Html, html } from '../html.js';
import { stateWord } from '../states.js';

/** The latest runs of a DAG as little bars, oldest first: the height is the duration, the colour the state. */
export function runBars(
  runs: { state: string; durationMs: number | null; href: string; title: string }[],
  size: { width: number; height: number; slots: number },
): Html {
  const pitch = size.width / size.slots;
  const longest = Math.max(1, ...runs.map((run) => run.durationMs ?? 0));
  const offset = size.slots - runs.length;
  return html`<svg class="run-bars" width="${size.width}" height="${size.height}" viewBox="0 0 ${size.width} ${size.height}" role="img" aria-label="Latest ${runs.length} runs">
${runs.map((run, index) => {
  const height = Math.max(3, Math.round((Math.max(0, run.durationMs ?? 0) / longest) * (size.height - 5)));
  const x = Math.round((offset + index) * pitch * 10) / 10;
  const y = size.height - height;
  const mark =
    run.state === 'failed'
      ? html`<path class="cross" d="m${x + pitch / 2 - 2.4} ${Math.max(0.5, y - 4.5)} 3 3m0-3-3 3"/>`
      : '';
  return html`<a href="${run.href}"><rect class="b-${run.state}" x="${x}" y="${y}" width="${Math.max(2, pitch - 2)}" height="${height}" rx="1"><title>${run.title}: ${stateWord(run.state)}</title></rect>${mark}</a>`;
})}</svg>`;
}
