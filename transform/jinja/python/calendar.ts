import { RuntimeFault } from '../errors.js';

/** A calendar date as the number of days since 1970-01-01, in the Gregorian calendar for all years 1 to 9999. */
export type DayNumber = number;

const dayMs = 86_400_000;
export const dayMicros = 86_400_000_000;
const firstDay = Date.UTC(2000, 0, 1) / dayMs - 730_119;
const lastDay = Date.UTC(9999, 11, 31) / dayMs;

export interface DateFields {
  year: number;
  month: number;
  day: number;
}

export interface TimeFields {
  hour: number;
  minute: number;
  second: number;
  microsecond: number;
}

/** The day of a year, month (1–12) and day. Fails when there is no such day. */
export function dayNumber(year: number, month: number, day: number): DayNumber {
  if (!(year >= 1 && year <= 9999)) throw new RuntimeFault(`year ${year} is out of range`);
  if (!(month >= 1 && month <= 12)) throw new RuntimeFault('month must be in 1..12');
  if (!(day >= 1 && day <= daysInMonth(year, month))) throw new RuntimeFault('day is out of range for month');
  // Years below 100 mean 19xx to Date.UTC: count from 400 years later, one whole cycle of the calendar.
  return Date.UTC(year + 400, month - 1, day) / dayMs - 146_097;
}

export function daysInMonth(year: number, month: number): number {
  return new Date(Date.UTC(year + 400, month, 0)).getUTCDate();
}

export function dateFields(day: DayNumber): DateFields {
  if (day < firstDay || day > lastDay) throw new RuntimeFault('date value out of range');
  const date = new Date(day * dayMs);
  return { year: date.getUTCFullYear(), month: date.getUTCMonth() + 1, day: date.getUTCDate() };
}

/** Monday is 0. */
export function weekday(day: DayNumber): number {
  return (((day + 3) % 7) + 7) % 7;
}

/** 1 January is 1. */
export function dayOfYear(day: DayNumber): number {
  return day - dayNumber(dateFields(day).year, 1, 1) + 1;
}

/** ISO 8601 year, week and weekday (Monday is 1). */
export function isoCalendar(day: DayNumber): [number, number, number] {
  const thursday = day - weekday(day) + 3;
  const { year } = dateFields(thursday);
  return [year, Math.floor((dayOfYear(thursday) - 1) / 7) + 1, weekday(day) + 1];
}

export function timeMicros({ hour, minute, second, microsecond }: TimeFields): number {
  if (!(hour >= 0 && hour < 24)) throw new RuntimeFault('hour must be in 0..23');
  if (!(minute >= 0 && minute < 60)) throw new RuntimeFault('minute must be in 0..59');
  if (!(second >= 0 && second < 60)) throw new RuntimeFault('second must be in 0..59');
  if (!(microsecond >= 0 && microsecond < 1_000_000)) throw new RuntimeFault('microsecond must be in 0..999999');
  return ((hour * 60 + minute) * 60 + second) * 1_000_000 + microsecond;
}

export function timeFields(micros: number): TimeFields {
  const seconds = Math.floor(micros / 1_000_000);
  return {
    hour: Math.floor(seconds / 3600),
    minute: Math.floor(seconds / 60) % 60,
    second: seconds % 60,
    microsecond: micros % 1_000_000,
  };
}

export function pad(value: number, width: number): string {
  return String(value).padStart(width, '0');
}

/** `HH:MM:SS`, with microseconds when there are any. */
export function timeText(micros: number): string {
  const { hour, minute, second, microsecond } = timeFields(micros);
  const fraction = microsecond === 0 ? '' : `.${pad(microsecond, 6)}`;
  return `${pad(hour, 2)}:${pad(minute, 2)}:${pad(second, 2)}${fraction}`;
}

export function dateText(day: DayNumber): string {
  const { year, month, day: dayOfMonth } = dateFields(day);
  return `${pad(year, 4)}-${pad(month, 2)}-${pad(dayOfMonth, 2)}`;
}
