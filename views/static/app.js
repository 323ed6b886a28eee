// What every page does beyond reading and forms: live parts, ticking times, dialogs, palette, keys.
import { morph } from './morph.js';

const page = {
  get csrf() {
    return document.body.dataset.csrf;
  },
};

keepTimesTrue();
followChanges();
openDialogs();
openPalette();
closeMenus();
listenToKeys();
copyOnClick();
offerLocalZone();
drawer();
fadeFlash();
switchers();
if (document.querySelector('[data-grid]')) import('./grid.js');
if (document.querySelector('[data-log-lines]')) import('./log.js');

/** Times that are told by their distance from now tick here, so that they are no change for the server. */
function keepTimesTrue() {
  const words = (size) => {
    const units = [
      [1000, 's'],
      [60_000, 'm'],
      [3_600_000, 'h'],
      [86_400_000, 'd'],
    ];
    const unit = size < 60_000 ? units[0] : size < 3_600_000 ? units[1] : size < 172_800_000 ? units[2] : units[3];
    return `${Math.floor(size / unit[0])} ${unit[1]}`;
  };
  const pad = (value) => String(value).padStart(2, '0');
  const elapsed = (ms) => {
    const s = Math.max(0, Math.floor(ms / 1000));
    if (s < 60) return `${s} s`;
    if (s < 3600) return `${Math.floor(s / 60)}m ${pad(s % 60)}s`;
    if (s < 86_400) return `${Math.floor(s / 3600)}h ${pad(Math.floor((s % 3600) / 60))}m`;
    return `${Math.floor(s / 86_400)}d ${pad(Math.floor((s % 86_400) / 3600))}h`;
  };
  const tick = () => {
    if (document.hidden) return;
    for (const time of document.querySelectorAll('time[data-tick]')) {
      const distance = Date.parse(time.dateTime) - Date.now();
      const size = Math.abs(distance);
      const text =
        time.dataset.tick === 'elapsed'
          ? elapsed(-distance)
          : size < 1000
            ? 'just now'
            : distance > 0
              ? `in ${words(size)}`
              : `${words(size)} ago`;
      if (time.textContent !== text) time.textContent = text;
    }
  };
  setInterval(tick, 1000);
  document.addEventListener('visibilitychange', tick);
}

/** One stream a tab, for the page that is shown; silent while nobody looks. */
function followChanges() {
  let digest = document.body.dataset.live;
  if (digest === undefined) return;
  let source;
  const sign = document.querySelector('[data-live-state]');
  const show = (state, text) => {
    if (!sign) return;
    sign.firstElementChild.className = `dot ${state}`;
    sign.lastElementChild.textContent = text;
  };
  const open = () => {
    source?.close();
    const path = location.pathname + location.search;
    source = new EventSource(`/live?path=${encodeURIComponent(path)}&digest=${encodeURIComponent(digest)}`);
    source.addEventListener('open', () => show('ok', 'Live'));
    source.addEventListener('patch', (event) => {
      const { id, html } = JSON.parse(event.data);
      applyPatch(id, html);
    });
    source.addEventListener('drawn', (event) => {
      digest = event.data;
      document.dispatchEvent(new CustomEvent('millrace:drawn'));
    });
    source.addEventListener('gone', () => location.reload());
    source.addEventListener('error', () =>
      show('warn', source.readyState === EventSource.CLOSED ? 'Offline' : 'Reconnecting'),
    );
  };
  open();
  document.addEventListener('visibilitychange', () => {
    if (document.hidden) {
      source?.close();
      source = undefined;
    } else if (!source) open();
  });
  document.addEventListener('millrace:moved', () => {
    digest = '';
    if (source) open();
  });
  addEventListener('pagehide', () => source?.close());
}

export function applyPatch(id, html) {
  const there = document.getElementById(id);
  if (!there) return;
  const template = document.createElement('template');
  // A row or a table head is only parsed as such inside a table.
  const wrapped = /^\s*<(tr|thead|tbody)\b/.exec(html);
  template.innerHTML = wrapped ? `<table>${wrapped[1] === 'tr' ? `<tbody>${html}</tbody>` : html}</table>` : html;
  const next = template.content.querySelector(`#${CSS.escape(id)}`);
  if (next) morph(there, next);
}

/** A link to a dialog's page opens it over this one. */
function openDialogs() {
  document.addEventListener('click', async (event) => {
    const link = event.target.closest?.('a[data-dialog]');
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) return;
    event.preventDefault();
    await showDialog(link.href);
  });
  document.addEventListener('click', (event) => {
    if (!event.target.closest?.('[data-dialog-close]')) return;
    const dialog = event.target.closest('dialog');
    if (!dialog) return;
    event.preventDefault();
    dialog.close();
  });
  document.addEventListener('change', (event) => {
    const form = event.target.closest?.('form[data-preview]');
    if (!form) return;
    const url = `${form.getAttribute('action')}?${new URLSearchParams(new FormData(form))}`;
    if (form.closest('dialog')) showDialog(url);
    else location.assign(url);
  });
}

async function showDialog(url) {
  const response = await fetch(url, { headers: { accept: 'text/html' } });
  const text = await response.text();
  const content = new DOMParser().parseFromString(text, 'text/html').querySelector('[data-dialog-content]');
  if (!response.ok || !content) return location.assign(url);
  let dialog = document.querySelector('dialog.page-dialog');
  if (!dialog) {
    dialog = document.createElement('dialog');
    document.body.append(dialog);
    dialog.addEventListener('click', (event) => {
      if (event.target === dialog) dialog.close();
    });
  }
  dialog.className = `page-dialog ${content.dataset.dialogContent}`;
  dialog.replaceChildren(document.importNode(content, true));
  if (!dialog.open) dialog.showModal();
}

/** Ctrl K: every DAG, page and dashboard by a few letters. */
function openPalette() {
  let entries;
  document.addEventListener('click', (event) => {
    if (!event.target.closest?.('[data-palette]')) return;
    event.preventDefault();
    show();
  });
  document.addEventListener('keydown', (event) => {
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === 'k') {
      event.preventDefault();
      show();
    }
  });

  async function show() {
    entries ??= await (await fetch('/search.json', { headers: { accept: 'application/json' } })).json();
    const dialog = document.createElement('dialog');
    dialog.className = 'palette';
    const input = document.createElement('input');
    input.placeholder = 'Go to a DAG, a page, a dashboard';
    input.setAttribute('aria-label', 'Search');
    const list = document.createElement('ul');
    list.setAttribute('role', 'listbox');
    dialog.append(input, list);
    document.body.append(dialog);
    let found = [];
    let at = 0;
    const draw = () => {
      found = rank(entries, input.value).slice(0, 50);
      at = Math.min(at, Math.max(0, found.length - 1));
      list.replaceChildren(
        ...found.map((entry, index) => {
          const item = document.createElement('li');
          item.setAttribute('role', 'option');
          item.setAttribute('aria-selected', String(index === at));
          const link = document.createElement('a');
          link.href = entry.href;
          const kind = document.createElement('span');
          kind.className = 'quiet';
          kind.textContent = entry.kind;
          link.append(entry.name, kind);
          item.append(link);
          return item;
        }),
      );
      if (found.length === 0) {
        const none = document.createElement('li');
        none.className = 'empty';
        none.textContent = 'Nothing has this name.';
        list.append(none);
      }
      list.children[at]?.scrollIntoView({ block: 'nearest' });
    };
    input.addEventListener('input', () => {
      at = 0;
      draw();
    });
    input.addEventListener('keydown', (event) => {
      if (event.key === 'ArrowDown') at = Math.min(found.length - 1, at + 1);
      else if (event.key === 'ArrowUp') at = Math.max(0, at - 1);
      else if (event.key === 'Enter' && found[at]) location.assign(found[at].href);
      else return;
      event.preventDefault();
      draw();
    });
    dialog.addEventListener('close', () => dialog.remove());
    dialog.addEventListener('click', (event) => {
      if (event.target === dialog) dialog.close();
    });
    dialog.showModal();
    draw();
  }
}

/** Letters in order are enough; a name that begins with them comes first. */
export function rank(entries, typed) {
  const text = typed.trim().toLowerCase();
  if (text === '') return entries;
  const score = (name) => {
    const lower = name.toLowerCase();
    if (lower.startsWith(text)) return 0;
    if (lower.includes(text)) return 1;
    let from = 0;
    for (const letter of text) {
      from = lower.indexOf(letter, from) + 1;
      if (from === 0) return Number.POSITIVE_INFINITY;
    }
    return 2;
  };
  return entries
    .map((entry) => ({ entry, score: score(entry.name) }))
    .filter((item) => Number.isFinite(item.score))
    .sort((a, b) => a.score - b.score || a.entry.name.length - b.entry.name.length)
    .map((item) => item.entry);
}

function closeMenus() {
  document.addEventListener('click', (event) => {
    for (const menu of document.querySelectorAll('details.menu[open]'))
      if (!menu.contains(event.target)) menu.open = false;
  });
  document.addEventListener('keydown', (event) => {
    if (event.key !== 'Escape') return;
    for (const menu of document.querySelectorAll('details.menu[open]')) {
      menu.open = false;
      menu.querySelector('summary').focus();
    }
  });
}

/** `/` searches, j and k walk the rows, t triggers, g goes to the other of grid and graph, c clears. */
function listenToKeys() {
  document.addEventListener('keydown', (event) => {
    if (
      event.ctrlKey ||
      event.metaKey ||
      event.altKey ||
      isTyping(event.target) ||
      document.querySelector('dialog[open]')
    )
      return;
    if (event.key === '/') return act(event, () => document.querySelector('[data-search-key]')?.focus());
    if (event.key === '?') return act(event, () => location.assign('/help'));
    if (event.key === 'j' || event.key === 'k') return act(event, () => moveRow(event.key === 'j' ? 1 : -1));
    if (event.key === 'g')
      return act(event, () =>
        document
          .querySelector(
            `a[data-tab="${document.querySelector('a[data-tab="graph"][aria-current]') ? 'grid' : 'graph'}"]`,
          )
          ?.click(),
      );
    const action = document.querySelector(`a[data-key-action="${CSS.escape(event.key)}"]`);
    if (action) act(event, () => action.click());
  });
}

function act(event, perform) {
  event.preventDefault();
  perform();
}

function isTyping(target) {
  return (
    target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName))
  );
}

function moveRow(step) {
  const links = [...document.querySelectorAll('[data-rows] [data-row-link]')];
  if (links.length === 0) return;
  const at = links.indexOf(document.activeElement);
  links[Math.max(0, Math.min(links.length - 1, at === -1 ? 0 : at + step))].focus();
}

function copyOnClick() {
  document.addEventListener('click', async (event) => {
    const button = event.target.closest?.('[data-copy]');
    if (!button) return;
    await navigator.clipboard.writeText(button.dataset.copy);
    button.setAttribute('aria-label', 'Copied');
    button.classList.add('done');
    setTimeout(() => button.classList.remove('done'), 1200);
  });
  // A row is as large a target as its link.
  document.addEventListener('click', (event) => {
    const row = event.target.closest?.('[data-rows] tbody tr');
    if (!row || event.target.closest('a, button, input, label, summary') || String(getSelection())) return;
    row.querySelector('[data-row-link]')?.click();
  });
}

/** The server formats times; it learns the browser's zone when one asks for local time. */
function offerLocalZone() {
  const button = document.querySelector('[data-local-zone]');
  if (button && button.value === '') button.value = Intl.DateTimeFormat().resolvedOptions().timeZone;
}

function drawer() {
  document.addEventListener('click', (event) => {
    if (event.target.closest?.('[data-drawer]')) {
      event.preventDefault();
      document.body.classList.toggle('drawer-open');
    } else if (!event.target.closest?.('.sidebar')) document.body.classList.remove('drawer-open');
  });
}

function fadeFlash() {
  const flash = document.querySelector('.flash');
  if (flash) setTimeout(() => flash.remove(), 6000);
}

/** Tabs inside a page: without a script all of them show, one after the other. */
function switchers() {
  const apply = (root) => {
    const chosen = root.querySelector('[data-show][aria-pressed="true"]')?.dataset.show ?? '0';
    for (const part of root.querySelectorAll('[data-shown]')) part.hidden = part.dataset.shown !== chosen;
  };
  const applyAll = () => document.querySelectorAll('[data-switcher]').forEach(apply);
  applyAll();
  new MutationObserver(applyAll).observe(document.body, { childList: true });
  document.addEventListener('click', (event) => {
    const button = event.target.closest?.('[data-show]');
    const root = button?.closest('[data-switcher]');
    if (!root) return;
    for (const other of root.querySelectorAll('[data-show]')) {
      other.setAttribute('aria-pressed', String(other === button));
      other.setAttribute('aria-selected', String(other === button));
    }
    apply(root);
  });
}

export { page };
