/** A schedule as people say it: `Every 5 minutes`, `Daily at 18:00`. What has no short name stays as it was written. */
export function scheduleWords(summary: string): string {
  const presets: Record<string, string> = {
    '@hourly': 'Hourly',
    '@daily': 'Daily at 00:00',
    '@weekly': 'Sundays at 00:00',
    '@monthly': '1st of the month, 00:00',
    '@yearly': '1 January, 00:00',
    '@once': 'Once',
    '@continuous': 'Continuously',
  };
  return presets[summary] ?? cronWords(summary.trim()) ?? summary;
}

const weekdays = ['Sundays', 'Mondays', 'Tuesdays', 'Wednesdays', 'Thursdays', 'Fridays', 'Saturdays', 'Sundays'];

function cronWords(cron: string): string | undefined {
  const fields = cron.split(/\s+/);
  if (fields.length !== 5) return undefined;
  const [minute, hour, day, month, weekday] = fields as [string, string, string, string, string];
  if (month !== '*') return undefined;
  if (day === '*' && weekday === '*') return dailyWords(minute, hour);
  const at = clock(minute, hour);
  if (at === undefined) return undefined;
  if (day === '*' && weekday === '1-5') return `Weekdays at ${at}`;
  if (day === '*' && /^[0-7]$/.test(weekday)) return `${weekdays[Number(weekday)]} at ${at}`;
  if (weekday === '*' && /^\d+$/.test(day)) return `${ordinal(Number(day))} of the month, ${at}`;
  return undefined;
}

function dailyWords(minute: string, hour: string): string | undefined {
  if (hour === '*') {
    if (minute === '*') return 'Every minute';
    const step = /^(?:\*|0)\/(\d+)$/.exec(minute)?.[1];
    if (step !== undefined) return Number(step) === 1 ? 'Every minute' : `Every ${step} minutes`;
    if (minute === '0') return 'Hourly';
    return /^\d+$/.test(minute) ? `Hourly at :${minute.padStart(2, '0')}` : undefined;
  }
  const step = /^(?:\*|0)\/(\d+)$/.exec(hour)?.[1];
  if (step !== undefined && minute === '0') return `Every ${step} hours`;
  const at = clock(minute, hour);
  return at === undefined ? undefined : `Daily at ${at}`;
}

function clock(minute: string, hour: string): string | undefined {
  return /^\d+$/.test(minute) && /^\d+$/.test(hour) ? `${hour.padStart(2, '0')}:${minute.padStart(2, '0')}` : undefined;
}

function ordinal(day: number): string {
  const suffix =
    day % 10 === 1 && day !== 11
      ? 'st'
      : day % 10 === 2 && day !== 12
        ? 'nd'
        : day % 10 === 3 && day !== 13
          ? 'rd'
          : 'th';
  return `${day}${suffix}`;
}
