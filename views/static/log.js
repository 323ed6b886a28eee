// The log: lines come while one scrolls, the end is followed while the try runs, search marks its hits.
const card = document.querySelector('[data-log]');
const box = card.querySelector('[data-log-lines]');
const chunk = 500;
const state = {
  first: Number(card.dataset.from),
  total: Number(card.dataset.total),
  follow: card.dataset.follow === 'true',
  loading: false,
  hits: [],
  hit: -1,
  folded: new Set(),
  errors: card.dataset.errors === '' ? [] : card.dataset.errors.split(',').map(Number),
};
const levelSelect = card.querySelector('[data-log-level]');
const lastLine = () => Number(box.querySelector('.log-line:last-of-type .no')?.textContent ?? state.first - 1);

for (const gap of box.querySelectorAll('.log-gap')) gap.remove();
showFolds();
if (state.follow) box.scrollTop = box.scrollHeight;
else
  (document.getElementById(location.hash.slice(1)) ?? box.querySelector('.first-error'))?.scrollIntoView({
    block: 'center',
  });

box.addEventListener('scroll', () => {
  // Of a level, the lines are all there from the first on.
  if (box.scrollTop < 400 && firstLine() > 1 && !levelSelect?.value) before();
  else if (box.scrollHeight - box.scrollTop - box.clientHeight < 800) after();
  showRange();
});
setInterval(() => {
  if (state.follow && !document.hidden) after(true);
}, 1000);

function firstLine() {
  return Number(box.querySelector('.log-line .no')?.textContent ?? 1);
}

/** Hides what is in a folded group, and makes the head of each group a button that folds it. */
function showFolds() {
  const open = [];
  for (const row of box.querySelectorAll('.log-line')) {
    if (row.classList.contains('close')) open.pop();
    row.hidden = open.some((number) => state.folded.has(number));
    if (!row.classList.contains('group')) continue;
    const number = Number(row.id.slice(1));
    const head = row.querySelector('.tx');
    head.setAttribute('role', 'button');
    head.setAttribute('tabindex', '0');
    head.setAttribute('aria-expanded', String(!state.folded.has(number)));
    open.push(number);
  }
}

function toggleFold(row) {
  const number = Number(row.id.slice(1));
  if (!state.folded.delete(number)) state.folded.add(number);
  showFolds();
  fill();
}

/** Folds every group, or unfolds them when one is folded. */
function toggleAllFolds() {
  const groups = [...box.querySelectorAll('.log-line.group')].map((row) => Number(row.id.slice(1)));
  if (state.folded.size > 0) state.folded.clear();
  else for (const number of groups) state.folded.add(number);
  showFolds();
  fill();
}

/** A line that one is led to is seen, whatever was folded. */
function unfoldAround(row) {
  if (!row?.hidden) return;
  for (let at = row.previousElementSibling; at; at = at.previousElementSibling)
    if (at.classList.contains('group')) state.folded.delete(Number(at.id.slice(1)));
  showFolds();
}

box.addEventListener('click', (event) => {
  const head = event.target.closest?.('.log-line.group .tx');
  if (head) toggleFold(head.closest('.log-line'));
});
box.addEventListener('keydown', (event) => {
  const head = event.target.closest?.('.log-line.group .tx');
  if (!head || (event.key !== 'Enter' && event.key !== ' ')) return;
  event.preventDefault();
  toggleFold(head.closest('.log-line'));
});
levelSelect?.addEventListener('change', async () => {
  state.loading = true;
  const got = await lines(1, 4 * chunk);
  box.innerHTML = got.html;
  box.scrollTop = 0;
  state.loading = false;
  showFolds();
  markHits();
  showRange();
});

/** Scrolls the log alone; the page stays where it is. */
function showInBox(row) {
  if (row) box.scrollTop = row.offsetTop - box.clientHeight / 2;
}

async function lines(from, count) {
  const url = new URL(card.dataset.lines, location.href);
  url.searchParams.set('from', from);
  url.searchParams.set('count', count);
  if (levelSelect?.value) url.searchParams.set('level', levelSelect.value);
  return (await fetch(url, { headers: { accept: 'application/json' } })).json();
}

async function before() {
  if (state.loading) return;
  state.loading = true;
  const until = firstLine();
  const from = Math.max(1, until - chunk);
  const got = await lines(from, until - from);
  const height = box.scrollHeight;
  box.insertAdjacentHTML('afterbegin', got.html);
  box.scrollTop += box.scrollHeight - height;
  trim('end');
  state.loading = false;
  showFolds();
  markHits();
}

async function after(poll = false) {
  if (state.loading || (!poll && lastLine() >= state.total)) return;
  state.loading = true;
  const atEnd = box.scrollHeight - box.scrollTop - box.clientHeight < 40;
  const got = await lines(lastLine() + 1, chunk);
  state.total = got.total;
  state.errors = got.errors;
  if (got.html !== '') {
    box.insertAdjacentHTML('beforeend', got.html);
    trim('start');
    showFolds();
    markHits();
    if (state.follow && (poll || atEnd)) box.scrollTop = box.scrollHeight;
  }
  showRange();
  state.loading = false;
  if (got.html !== '') fill();
}

/** What is left of folded groups may be too short to scroll, and scrolling is what brings more. */
function fill() {
  if (box.scrollHeight <= box.clientHeight && lastLine() < state.total) after();
}

/** Far lines leave the page, so that a log of any length stays quick. */
function trim(end) {
  const rows = box.querySelectorAll('.log-line');
  const surplus = rows.length - 6 * chunk;
  if (surplus <= 0) return;
  const height = box.scrollHeight;
  for (let index = 0; index < surplus; index++)
    (end === 'start' ? rows[index] : rows[rows.length - 1 - index]).remove();
  if (end === 'start') box.scrollTop -= height - box.scrollHeight;
}

async function goTo(number) {
  let row = document.getElementById(`l${number}`);
  if (!row) {
    if (levelSelect) levelSelect.value = ''; // The line may be of another level than those that are shown.
    state.loading = true;
    const got = await lines(Math.max(1, number - chunk / 2), chunk);
    box.innerHTML = got.html;
    state.loading = false;
    showFolds();
    markHits();
    row = document.getElementById(`l${number}`);
  }
  unfoldAround(row);
  state.follow = false;
  showFollow();
  for (const other of box.querySelectorAll('.at')) other.classList.remove('at');
  row?.classList.add('at');
  showInBox(row);
}

function showRange() {
  const range = card.querySelector('[data-log-range]');
  const total = card.querySelector('[data-log-total]');
  if (range) range.textContent = `${firstLine().toLocaleString('en-US')}–${lastLine().toLocaleString('en-US')}`;
  if (total) total.textContent = Math.max(state.total, lastLine()).toLocaleString('en-US');
}

const search = card.querySelector('[data-log-search]');
const hitsShown = card.querySelector('[data-log-hits]');
let typing;
search?.addEventListener('input', () => {
  clearTimeout(typing);
  typing = setTimeout(find, 200);
});
search?.addEventListener('keydown', (event) => {
  if (event.key === 'Enter') step(event.shiftKey ? -1 : 1);
  else if (event.key === 'Escape') search.blur();
});

async function find() {
  const text = search.value;
  state.hit = -1;
  if (text === '') state.hits = [];
  else {
    const url = new URL(card.dataset.lines, location.href);
    url.searchParams.set('q', text);
    state.hits = (await (await fetch(url, { headers: { accept: 'application/json' } })).json()).hits;
  }
  markHits();
  hitsShown.textContent = text === '' ? '' : `${state.hits.length} lines`;
  if (state.hits.length > 0) step(1);
}

function step(by) {
  if (state.hits.length === 0) return;
  state.hit = (state.hit + by + state.hits.length) % state.hits.length;
  hitsShown.textContent = `${state.hit + 1} of ${state.hits.length}`;
  goTo(state.hits[state.hit]);
}

function markHits() {
  const needle = search?.value.toLowerCase() ?? '';
  for (const mark of box.querySelectorAll('mark')) mark.replaceWith(mark.textContent);
  if (needle === '') return;
  for (const text of box.querySelectorAll('.tx')) {
    text.normalize();
    const walker = document.createTreeWalker(text, NodeFilter.SHOW_TEXT);
    const nodes = [];
    while (walker.nextNode()) nodes.push(walker.currentNode);
    for (const node of nodes) markIn(node, needle);
  }
}

function markIn(node, needle) {
  let rest = node;
  for (let at = rest.data.toLowerCase().indexOf(needle); at >= 0; at = rest.data.toLowerCase().indexOf(needle)) {
    const hit = rest.splitText(at);
    rest = hit.splitText(needle.length);
    const mark = document.createElement('mark');
    hit.replaceWith(mark);
    mark.append(hit);
  }
}

const followButton = card.querySelector('[data-log-follow]');
followButton?.addEventListener('click', () => {
  state.follow = !state.follow;
  showFollow();
  if (state.follow) jumpToEnd();
});
async function jumpToEnd() {
  const got = await lines(Math.max(1, state.total - chunk + 1), chunk);
  box.innerHTML = got.html;
  state.total = got.total;
  box.scrollTop = box.scrollHeight;
  showRange();
}
function showFollow() {
  followButton?.setAttribute('aria-pressed', String(state.follow));
}

const wrapButton = card.querySelector('[data-log-wrap]');
function toggleWrap() {
  const on = card.classList.toggle('wrap');
  wrapButton.setAttribute('aria-pressed', String(on));
}
wrapButton?.addEventListener('click', toggleWrap);

document.addEventListener('click', (event) => {
  const link = event.target.closest?.('a[href^="#l"]');
  if (!link) return;
  event.preventDefault();
  history.replaceState(null, '', link.getAttribute('href'));
  goTo(Number(link.getAttribute('href').slice(2)));
});
document.addEventListener('keydown', (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || /^(INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName)) return;
  if (event.key === 'w') toggleWrap();
  else if (event.key === 'f') toggleAllFolds();
  else if (event.key === 'n') step(1);
  else if (event.key === 'N') step(-1);
  else if (event.key === 'e' && state.errors.length > 0) {
    const at = Number(box.querySelector('.at .no')?.textContent ?? 0);
    goTo(state.errors.find((number) => number > at) ?? state.errors[0]);
  }
});
