// The part of a plot that is shown, as the address of the page has it.

export type Range = { from: number; to: number };

/** `1e-9~0.25`, every digit of both ends. */
export function formatRange({ from, to }: Range): string {
  return `${from}~${to}`;
}

/** The range that an address names; nothing when it names none that can be shown. */
export function parseRange(text: string | null): Range | undefined {
  const [from, to, more] = (text ?? '').split('~');
  if (!from || !to || more !== undefined) return undefined;
  const range = { from: Number(from), to: Number(to) };
  return Number.isFinite(range.from) && Number.isFinite(range.to) && range.from < range.to ? range : undefined;
}

/** The range about a point, smaller or larger by a factor, within its whole. */
export function zoomed(range: Range, whole: Range, about: number, factor: number): Range {
  const from = Math.max(whole.from, about - (about - range.from) * factor);
  const to = Math.min(whole.to, about + (range.to - about) * factor);
  return from < to ? { from, to } : range;
}
