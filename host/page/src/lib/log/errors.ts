// The first line of a log that reads like an error.
import type { LogBuffer } from './buffer';
import { isError } from './line';
import { turn } from './turn';

/** Bytes looked at before others get a turn. */
const SLICE = 512 * 1024;

const decoder = new TextDecoder('latin1');

/** Looks from a line on; the line, or nothing when there is none yet. */
export async function firstError(buffer: LogBuffer, from: number, stopped: () => boolean): Promise<number | undefined> {
  let line = from;
  while (line < buffer.lines && !stopped()) {
    const after = Math.max(line + 1, buffer.lineAt(buffer.start(line) + SLICE));
    // The words are ASCII, and most slices have none of them: only one that has is taken apart.
    const slice = buffer.bytes.subarray(buffer.start(line), Math.min(buffer.start(after), buffer.start(line) + SLICE * 2));
    if (isError(decoder.decode(slice))) {
      for (let one = line; one < after; one += 1) if (isError(buffer.text(one).text)) return one;
    }
    line = after;
    await turn();
  }
  return undefined;
}
