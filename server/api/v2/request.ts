import type { Request, Response } from 'express';
import { z } from 'zod';
import { MillraceError } from '../../../kernel/errors.js';
import { fromIso } from '../../../kernel/time.js';
import type { Requester } from '../../../scheduler/model/commands.js';
import { sessionOf } from '../../auth/guard.js';

/** A request that is not understood, in the words of FastAPI: every fault with its place. */
export class InvalidRequest extends Error {
  readonly faults: { loc: (string | number)[]; msg: string; type: string; input?: unknown }[];

  constructor(faults: InvalidRequest['faults']) {
    super(faults.map((fault) => `${fault.loc.join('.')}: ${fault.msg}`).join('; '));
    this.name = 'InvalidRequest';
    this.faults = faults;
  }
}

const limitDefault = 50;
const limitMax = 100;

/** `limit` (50, at most 100) and `offset`. */
export function pageOf(request: Request): { limit: number; offset: number } {
  const limit = wholeNumber(request, 'limit', limitDefault);
  return { limit: Math.min(limitMax, limit), offset: wholeNumber(request, 'offset', 0) };
}

/** Every value of a query parameter that may be repeated. */
export function listOf(request: Request, name: string): string[] {
  const value = request.query[name];
  return value === undefined ? [] : (Array.isArray(value) ? value : [value]).map(String);
}

export function textOf(request: Request, name: string): string | undefined {
  return listOf(request, name)[0];
}

export function flagOf(request: Request, name: string): boolean | undefined {
  const text = textOf(request, name)?.toLowerCase();
  if (text === undefined) return undefined;
  if (['true', '1', 'yes', 'on'].includes(text)) return true;
  if (['false', '0', 'no', 'off'].includes(text)) return false;
  throw new InvalidRequest([
    { loc: ['query', name], msg: 'Input should be a valid boolean', type: 'bool_parsing', input: text },
  ]);
}

export function instantOf(request: Request, name: string): number | undefined {
  const text = textOf(request, name);
  if (text === undefined) return undefined;
  // A plus that was not encoded arrives as a blank.
  const instant = fromIso(text.replace(' ', '+'));
  if (instant !== undefined) return instant;
  throw new InvalidRequest([
    { loc: ['query', name], msg: 'Input should be a valid datetime', type: 'datetime_parsing', input: text },
  ]);
}

/** `order_by`, repeatable, `-` for descending; names as on the wire, mapped to columns. */
export function orderOf<Column extends string>(
  request: Request,
  columns: Record<string, Column>,
  fallback: string,
): { by: Column; descending: boolean }[] {
  const given = listOf(request, 'order_by');
  return (given.length > 0 ? given : [fallback]).map((text) => {
    const name = text.replace(/^-/, '');
    const by = columns[name];
    if (!by) {
      throw new MillraceError('ORDER_INVALID', `order_by ${name} is not one of ${Object.keys(columns).join(', ')}`);
    }
    return { by, descending: text.startsWith('-') };
  });
}

/** Rows in the order that the request asks for. */
export function sortRows<Row>(
  request: Request,
  rows: Row[],
  columns: Record<string, (row: Row) => string | number | null>,
  fallback: string,
): Row[] {
  const names = Object.fromEntries(Object.keys(columns).map((name) => [name, name]));
  const order = orderOf(request, names, fallback);
  return [...rows].sort((a, b) => {
    for (const { by, descending } of order) {
      const read = columns[by] as (row: Row) => string | number | null;
      const difference = compared(read(a), read(b));
      if (difference !== 0) return descending ? -difference : difference;
    }
    return 0;
  });
}

/** Whether a name is like a pattern of SQL: `%` for any text, `_` for one character, `|` between several patterns. */
export function likePattern(pattern: string | undefined): (name: string) => boolean {
  if (pattern === undefined || pattern === '~') return () => true;
  const parts = pattern.split('|').map((part) =>
    part
      .trim()
      .replace(/[\\^$.*+?()[\]{}]/g, '\\$&')
      .replaceAll('%', '.*')
      .replaceAll('_', '.'),
  );
  const expression = new RegExp(`^(?:${parts.join('|')})$`, 'is');
  return (name) => expression.test(name);
}

/** A body checked against a strict shape: an unknown key is a fault. */
export function bodyOf<Shape extends z.ZodType>(request: Request, shape: Shape): z.infer<Shape> {
  const parsed = shape.safeParse(request.body ?? {});
  if (parsed.success) return parsed.data;
  throw new InvalidRequest(
    parsed.error.issues.map((issue) => ({
      loc: ['body', ...issue.path.map((part) => (typeof part === 'number' ? part : String(part)))],
      msg: issue.message,
      type: issue.code,
    })),
  );
}

/** An ISO time with a zone, as an instant. */
export const isoTime = z.string().transform((text, context) => {
  const instant = fromIso(text);
  if (instant !== undefined) return instant;
  context.addIssue({ code: 'custom', message: 'Input should be a valid datetime with a time zone' });
  return z.NEVER;
});

export function requester(request: Request, response: Response): Requester {
  return { user: sessionOf(response).user, via: request.headers.referer ? 'ui' : 'rest_api' };
}

export function param(request: Request, name: string): string {
  return request.params[name] as string;
}

function wholeNumber(request: Request, name: string, fallback: number): number {
  const text = textOf(request, name);
  if (text === undefined) return fallback;
  const value = Number(text);
  if (Number.isSafeInteger(value) && value >= 0) return value;
  throw new InvalidRequest([
    {
      loc: ['query', name],
      msg: 'Input should be greater than or equal to 0',
      type: 'greater_than_equal',
      input: text,
    },
  ]);
}

/** Nothing comes first. */
function compared(a: string | number | null, b: string | number | null): number {
  if (a === b) return 0;
  if (a === null || b === null) return a === null ? -1 : 1;
  return a < b ? -1 : 1;
}
