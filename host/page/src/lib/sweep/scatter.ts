// Points of a sweep on a plane, coloured by a third value.

/** Ticks at round numbers between two ends, about so many. */
export function ticks(from: number, to: number, about = 5): number[] {
  const raw = (to - from) / about;
  if (!(raw > 0)) return [from];
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((candidate) => candidate >= raw) ?? raw;
  const found: number[] = [];
  for (let tick = Math.ceil(from / step) * step; tick <= to + step * 1e-9; tick += step) found.push(Number(tick.toPrecision(12)));
  return found;
}

/** The least and the greatest of numbers, a little apart when they are one. */
export function ends(values: readonly number[]): [number, number] {
  let [least, most] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const value of values) {
    least = Math.min(least, value);
    most = Math.max(most, value);
  }
  if (least > most) return [0, 1];
  const room = Math.abs(least) * 0.1 || 1;
  return least < most ? [least, most] : [least - room, most + room];
}

// From dark blue over green to yellow: lightness grows evenly, so that it reads without hue too.
const STOPS: [number, number, number][] = [
  [0.34, 0.11, 285],
  [0.48, 0.11, 245],
  [0.62, 0.11, 185],
  [0.76, 0.15, 140],
  [0.9, 0.17, 105],
];

/** A colour for a part of a whole, 0 to 1. */
export function colour(part: number): string {
  const at = Math.min(1, Math.max(0, part)) * (STOPS.length - 1);
  const low = Math.min(STOPS.length - 2, Math.floor(at));
  const mixed = (STOPS[low] ?? [0, 0, 0]).map((value, place) => value + ((STOPS[low + 1]?.[place] ?? value) - value) * (at - low));
  return `oklch(${mixed.map((value) => value.toFixed(3)).join(' ')})`;
}
