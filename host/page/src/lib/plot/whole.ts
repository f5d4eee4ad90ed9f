import type { Scale } from './columns';
import type { Figure } from './figure';
import type { Range } from './range';

/** From the least x of all series to the greatest, as far as the axis shows them. */
export function wholeOf(numbers: Pick<Figure, 'series'>, scale: Scale): Range {
  let [from, to] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const { x } of numbers.series) {
    for (const at of x) {
      if (!Number.isFinite(at) || (scale === 'log' && at <= 0)) continue;
      from = Math.min(from, at);
      to = Math.max(to, at);
    }
  }
  if (from > to) return { from: 1, to: 10 };
  return from < to ? { from, to } : alone(from, scale);
}

// A single point stands in the middle.
function alone(at: number, scale: Scale): Range {
  if (scale === 'log') return { from: at / 10, to: at * 10 };
  const room = Math.abs(at) * 0.1 || 1;
  return { from: at - room, to: at + room };
}
