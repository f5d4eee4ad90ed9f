// Search over bytes: nothing is decoded, and the page is never held up for long.
import type { LogBuffer } from './buffer';
import { turn } from './turn';

/** Hits beyond these are counted, not kept. */
export const MOST_HITS = 2_000_000;

/** Bytes looked at before others get a turn. */
const SLICE = 4 * 1024 * 1024;

/** What was found so far. */
export class Hits {
  /** The lines with a hit, each once, ascending. */
  readonly lines: number[] = [];
  /** Lines with a hit, kept or not. */
  count = 0;
  /** The bytes up to here were looked at. */
  upTo = 0;
}

/** Looks at what was not looked at yet; `stopped` is asked between slices. */
export async function search(
  buffer: LogBuffer,
  wanted: string,
  hits: Hits,
  stopped: () => boolean = () => false,
): Promise<void> {
  const needle = new TextEncoder().encode(asciiLower(wanted));
  if (needle.length === 0) return;
  while (hits.upTo + needle.length <= buffer.length && !stopped()) {
    const end = Math.min(hits.upTo + SLICE + needle.length, buffer.length);
    scan(buffer, needle, hits.upTo, end, hits);
    // The next slice begins where a hit may lie across both.
    hits.upTo = end - needle.length + 1;
    await turn();
  }
}

function scan(buffer: LogBuffer, needle: Uint8Array, from: number, to: number, hits: Hits): void {
  const bytes = buffer.bytes;
  const first = needle[0] ?? 0;
  const capital = first >= 97 && first <= 122 ? first - 32 : first;
  const last = to - needle.length;
  for (let at = from; at <= last; at += 1) {
    const byte = bytes[at];
    if ((byte !== first && byte !== capital) || !matches(bytes, needle, at)) continue;
    const line = buffer.lineAt(at);
    keep(hits, line);
    // One hit a line: on with the next line.
    at = Math.max(at, buffer.start(line + 1) - 1);
  }
}

function matches(bytes: Uint8Array, needle: Uint8Array, at: number): boolean {
  for (let place = 1; place < needle.length; place += 1) {
    const byte = bytes[at + place] ?? 0;
    if ((byte >= 65 && byte <= 90 ? byte + 32 : byte) !== needle[place]) return false;
  }
  return true;
}

function keep(hits: Hits, line: number): void {
  if (hits.lines.at(-1) === line) return;
  hits.count += 1;
  if (hits.lines.length < MOST_HITS) hits.lines.push(line);
}

/** The place in `lines` of the next hit from a line on, or of the one before; around the ends. */
export function nextHit(lines: readonly number[], from: number, forward: boolean): number {
  if (lines.length === 0) return -1;
  let [low, high] = [0, lines.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((lines[middle] ?? 0) < from + (forward ? 1 : 0)) low = middle + 1;
    else high = middle;
  }
  return forward ? low % lines.length : (low - 1 + lines.length) % lines.length;
}

function asciiLower(text: string): string {
  return text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
}
