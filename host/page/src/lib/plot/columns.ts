// Series as the plot draws them: columns over one x, with what cannot be drawn left out and told.
import { number } from '../format';
import type { Curve } from './figure';

export type Scale = 'linear' | 'log';

/** One column of x, one per series, and how many points a log axis had to leave out. */
export type Columns = { x: number[]; ys: (number | null | undefined)[][]; leftOut: number };

/** Points by columns; a place where a series has none stays undefined, one that cannot be drawn is null. */
export function columns(series: readonly Curve[], xScale: Scale, yScale: Scale): Columns {
  const drawn = series.map((one) => drawable(one, xScale, yScale));
  const leftOut = drawn.reduce((sum, one) => sum + one.leftOut, 0);
  const first = drawn[0];
  if (!first) return { x: [], ys: [], leftOut: 0 };
  if (drawn.every((one) => equal(one.x, first.x))) return { x: first.x, ys: drawn.map((one) => one.y), leftOut };
  return { ...joined(drawn), leftOut };
}

type Drawn = { x: number[]; y: (number | null)[]; leftOut: number };

function drawable(series: Curve, xScale: Scale, yScale: Scale): Drawn {
  const x: number[] = [];
  const y: (number | null)[] = [];
  let leftOut = 0;
  series.x.forEach((at, place) => {
    const value = series.y[place] ?? null;
    if (!Number.isFinite(at) || (xScale === 'log' && at <= 0)) return void (leftOut += 1);
    const drawn = value !== null && (yScale === 'linear' || value > 0);
    if (value !== null && !drawn) leftOut += 1;
    x.push(at);
    y.push(drawn ? value : null);
  });
  return { ...sorted(x, y), leftOut };
}

// The plot needs x ascending; what comes sorted, as nearly all does, is left alone.
function sorted(x: number[], y: (number | null)[]): { x: number[]; y: (number | null)[] } {
  if (x.every((at, place) => place === 0 || at >= (x[place - 1] ?? at))) return { x, y };
  const order = x.map((_, place) => place).sort((one, other) => (x[one] ?? 0) - (x[other] ?? 0));
  return { x: order.map((place) => x[place] ?? 0), y: order.map((place) => y[place] ?? null) };
}

/** True when x goes back and forth: its points have an order that a plot over ascending x does not show. */
export function wanders(x: readonly number[]): boolean {
  let [up, down] = [false, false];
  for (let place = 1; place < x.length; place += 1) {
    const [before = 0, now = 0] = [x[place - 1], x[place]];
    up ||= now > before;
    down ||= now < before;
  }
  return up && down;
}

function equal(one: readonly number[], other: readonly number[]): boolean {
  return one === other || (one.length === other.length && one.every((at, place) => at === other[place]));
}

function joined(drawn: readonly Drawn[]): { x: number[]; ys: (number | null | undefined)[][] } {
  const x = [...new Set(drawn.flatMap((one) => one.x))].sort((one, other) => one - other);
  const place = new Map(x.map((at, index) => [at, index]));
  const ys = drawn.map((one) => {
    const column: (number | null | undefined)[] = new Array(x.length).fill(undefined);
    one.x.forEach((at, index) => (column[place.get(at) ?? 0] = one.y[index] ?? null));
    return column;
  });
  return { x, ys };
}

/** The place of the point nearest to x among those that a series has; −1 when it has none. */
export function nearest(x: readonly number[], y: readonly (number | null | undefined)[], at: number): number {
  let best = -1;
  let distance = Number.POSITIVE_INFINITY;
  for (let place = 0; place < x.length; place += 1) {
    const away = Math.abs((x[place] ?? 0) - at);
    if (y[place] === null || y[place] === undefined || away >= distance) continue;
    [best, distance] = [place, away];
  }
  return best;
}

/** The next place in a direction at which a series has a point; the same when there is none. */
export function step(y: readonly (number | null | undefined)[], from: number, by: number): number {
  const direction = Math.sign(by);
  let [place, left] = [from, Math.abs(by)];
  for (let at = from + direction; at >= 0 && at < y.length && left > 0; at += direction) {
    if (y[at] === null || y[at] === undefined) continue;
    [place, left] = [at, left - 1];
  }
  return place;
}

/** Ticks of a log axis: 1 to 9 times each power of ten between two ends. */
export function logTicks(min: number, max: number): number[] {
  const ticks: number[] = [];
  const [first, last] = [Math.floor(Math.log10(min)), Math.ceil(Math.log10(max))];
  const every = Math.max(1, Math.ceil((last - first) / 12));
  for (let exponent = first; exponent <= last; exponent += every) {
    for (let factor = 1; factor <= (every === 1 ? 9 : 1); factor += 1) {
      const tick = Number(`${factor}e${exponent}`);
      if (tick >= min && tick <= max) ticks.push(tick);
    }
  }
  return ticks;
}

/** Which ticks of a log axis get a number: powers of ten; over less than two of them 2 and 5 too. */
export function isLabelled(tick: number, min: number, max: number): boolean {
  const factor = Number(tick.toExponential(0).split('e')[0]);
  return factor === 1 || (Math.log10(max / min) < 2 && (factor === 2 || factor === 5));
}

/** A tick in few characters: large ones as powers of ten, whole or not; on a log axis most are. */
export function tickText(tick: number, scale: Scale = 'linear'): string {
  const [least, most] = scale === 'log' ? [0.01, 1e4] : [0, 1e6];
  const size = Math.abs(tick);
  if (size === 0 || (size >= least && size < most)) return number(tick, 6);
  const exponent = Math.floor(Math.log10(size) + 1e-9);
  const mantissa = Number((tick / 10 ** exponent).toPrecision(6));
  const power = `10${[...String(exponent)].map((digit) => (digit === '-' ? '⁻' : '⁰¹²³⁴⁵⁶⁷⁸⁹'[Number(digit)])).join('')}`;
  return mantissa === 1 ? power : mantissa === -1 ? `−${power}` : `${number(mantissa)}×${power}`;
}
