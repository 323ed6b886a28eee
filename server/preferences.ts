import type { Request, Response } from 'express';
import { cookiesOf, setCookie } from './cookies.js';
import { knownZone } from './format.js';
import type { Flash, Preferences } from './page.js';

const yearMs = 365 * 24 * 3_600_000;
const names = { zone: 'millrace_zone', theme: 'millrace_theme', folded: 'millrace_sidebar', flash: 'millrace_flash' };

export function preferencesOf(request: Request): Preferences {
  const cookies = cookiesOf(request);
  const theme = cookies[names.theme];
  return {
    zone: knownZone(cookies[names.zone]),
    theme: theme === 'light' || theme === 'dark' ? theme : 'system',
    folded: cookies[names.folded] === 'folded',
  };
}

/** Keeps what the form gives; the rest stays. */
export function savePreferences(request: Request, response: Response, given: Record<string, unknown>): void {
  const save = (name: string, value: unknown) => {
    if (typeof value === 'string') setCookie(request, response, name, value, yearMs);
  };
  save(names.zone, given['zone'] === undefined ? undefined : knownZone(String(given['zone'])));
  save(names.theme, given['theme']);
  save(names.folded, given['sidebar']);
}

/** A message for the next page, shown once. */
export function setFlash(request: Request, response: Response, flash: Flash): void {
  setCookie(request, response, names.flash, JSON.stringify(flash), 60_000);
}

export function takeFlash(request: Request, response: Response): Flash | undefined {
  const text = cookiesOf(request)[names.flash];
  if (text === undefined) return undefined;
  response.clearCookie(names.flash, { path: '/' });
  try {
    const { kind, text: words } = JSON.parse(text) as Partial<Flash>;
    return typeof words === 'string' ? { kind: kind === 'bad' ? 'bad' : 'good', text: words } : undefined;
  } catch {
    // Only this server writes the cookie; what is not its JSON is nobody's message.
    return undefined;
  }
}
