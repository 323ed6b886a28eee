// The grid: what is chosen fills the panel without a new page; arrows move, Enter opens, a few letters find a task.
import { applyPatch } from './app.js';

const grid = document.querySelector('[data-grid]');
grid.scrollLeft = grid.scrollWidth;
makeOneStop();

document.addEventListener('click', (event) => {
  const link = event.target.closest?.('a[data-cell], a[data-close-panel]');
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) return;
  event.preventDefault();
  choose(new URL(link.href, location.href), link.hasAttribute('data-cell'));
});

addEventListener('popstate', () => load(new URL(location.href)));
document.addEventListener('millrace:drawn', makeOneStop);

async function choose(url, withScreen) {
  if (withScreen) {
    const here = new URL(location.href);
    here.searchParams.set('at', url.searchParams.get('at'));
    url = here;
  }
  history.pushState(null, '', url);
  await load(url);
}

async function load(url) {
  mark(url.searchParams.get('at'));
  const response = await fetch(url, { headers: { accept: 'text/html', 'millrace-region': 'panel' } });
  if (!response.ok) return location.reload();
  applyPatch('panel', await response.text());
  document.getElementById('split').classList.toggle('with-panel', url.searchParams.has('at'));
  document.dispatchEvent(new CustomEvent('millrace:moved'));
}

function mark(at) {
  for (const cell of grid.querySelectorAll('.cell.at')) cell.classList.remove('at');
  for (const row of grid.querySelectorAll('.row-at')) row.classList.remove('row-at');
  const cell = at === null ? null : grid.querySelector(`a[data-cell][href="?at=${CSS.escape(encodeAt(at))}"]`);
  cell?.classList.add('at');
  cell?.closest('tr.task, tr.group')?.classList.add('row-at');
}

function encodeAt(at) {
  const dot = at.indexOf('.');
  return dot < 0 ? at : `${at.slice(0, dot)}.${encodeURIComponent(at.slice(dot + 1))}`;
}

/** Only one square is a stop of the Tab key; arrows reach the others. */
function makeOneStop() {
  const cells = [...grid.querySelectorAll('a[data-cell]')];
  const stop =
    grid.querySelector('.cell.at') ?? (cells.includes(document.activeElement) ? document.activeElement : cells.at(-1));
  for (const cell of cells) cell.tabIndex = cell === stop ? 0 : -1;
}

grid.addEventListener('keydown', (event) => {
  const cell = event.target.closest?.('a[data-cell]');
  const move = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[event.key];
  if (!cell || !move) return;
  event.preventDefault();
  const next = neighbour(cell, move);
  if (!next) return;
  cell.tabIndex = -1;
  next.tabIndex = 0;
  next.focus();
});

function neighbour(cell, [down, right]) {
  const place = cell.closest('td, th');
  const row = place.parentElement;
  if (right !== 0) {
    for (
      let next = right > 0 ? place.nextElementSibling : place.previousElementSibling;
      next;
      next = right > 0 ? next.nextElementSibling : next.previousElementSibling
    ) {
      const found = next.querySelector('a[data-cell]');
      if (found) return found;
    }
    return undefined;
  }
  const rows = [...grid.querySelectorAll('tr:not([hidden])')];
  for (let at = rows.indexOf(row) + down; at >= 0 && at < rows.length; at += down) {
    const found = rows[at].children[place.cellIndex]?.querySelector('a[data-cell]');
    if (found) return found;
  }
  return undefined;
}

document.querySelector('[data-find-row]')?.addEventListener('input', (event) => {
  const text = event.target.value.trim().toLowerCase();
  for (const row of grid.querySelectorAll('tbody tr'))
    row.hidden = text !== '' && !row.dataset.name.toLowerCase().includes(text);
});
