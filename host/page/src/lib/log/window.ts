// Which lines of a long list are shown, and where its scrollbar stands.

/** Taller than this no browser scrolls reliably (Firefox ends at 17.9 million pixels). */
export const TALLEST = 12_000_000;

/** A window over `lines` rows of equal height. */
export type Frame = { lines: number; row: number; height: number };

/** Rows that fit, at least one. */
export function fitting({ row, height }: Frame): number {
  return Math.max(1, height / row);
}

/** The last place at which the window is still full, in rows. */
export function lastTop(frame: Frame): number {
  return Math.max(0, frame.lines - fitting(frame));
}

/** Height of all rows as the scrollbar sees it. */
export function trackHeight(frame: Frame): number {
  return Math.min(frame.lines * frame.row, TALLEST);
}

/** Where the scrollbar stands for a place in rows. */
export function scrollFor(frame: Frame, top: number): number {
  const room = trackHeight(frame) - frame.height;
  const last = lastTop(frame);
  return last === 0 || room <= 0 ? 0 : Math.min(1, top / last) * room;
}

/**
 * The place in rows after the scrollbar went from one position to another. A short way is taken
 * pixel by pixel, so that a turn of the wheel moves as much in a long list as in a short one.
 */
export function topAfter(frame: Frame, top: number, before: number, now: number): number {
  const room = trackHeight(frame) - frame.height;
  const last = lastTop(frame);
  if (room <= 0 || now <= 0) return 0;
  if (now >= room - 1) return last;
  const near = Math.abs(now - before) <= frame.height;
  const place = near ? top + (now - before) / frame.row : (now / room) * last;
  return Math.min(last, Math.max(0, place));
}
