const RELATIVE = new Intl.RelativeTimeFormat('en', { numeric: 'auto', style: 'short' });
const ABSOLUTE = new Intl.DateTimeFormat('en-GB', {
  year: 'numeric',
  month: 'short',
  day: '2-digit',
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  timeZoneName: 'short',
});
const STEPS: [Intl.RelativeTimeFormatUnit, number][] = [
  ['year', 31_536_000],
  ['month', 2_592_000],
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
];

/** `3 min. ago`; `now` within some seconds. */
export function ago(time: number, now: number): string {
  const seconds = (time - now) / 1000;
  for (const [unit, length] of STEPS) {
    if (Math.abs(seconds) >= length) return RELATIVE.format(Math.trunc(seconds / length), unit);
  }
  return Math.abs(seconds) < 10 ? 'just now' : RELATIVE.format(Math.trunc(seconds), 'second');
}

/** `29 Nov 2026, 21:06:51 UTC`. */
export function absolute(time: number): string {
  return ABSOLUTE.format(time);
}

/** A span: `320 ms`, `4.2 s`, `3 min 05 s`, `2 h 10 min`. */
export function span(ms: number): string {
  if (ms < 0) return '0 ms';
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  if (ms < 59_950) return `${(ms / 1_000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1_000);
  if (seconds < 3_600) return joined(seconds, 60, 'min', 's');
  const minutes = Math.round(seconds / 60);
  if (minutes < 1_440) return joined(minutes, 60, 'h', 'min');
  const hours = Math.round(minutes / 60);
  return joined(hours, 24, 'd', 'h');
}

// The smaller unit is left out when there is none of it.
function joined(count: number, of: number, large: string, small: string): string {
  const rest = count % of;
  return `${Math.floor(count / of)} ${large}${rest ? ` ${String(rest).padStart(2, '0')} ${small}` : ''}`;
}
