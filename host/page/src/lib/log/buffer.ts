// The bytes of a log, and where its lines begin. Nothing is decoded but what is shown.

/** The most bytes of one log that the page holds; the download has all. */
export const MOST_BYTES = 256 * 1024 * 1024;

/** The most bytes of one line that are shown. */
export const MOST_OF_LINE = 16 * 1024;

const NEWLINE = 10;
const RETURN = 13;
const decoder = new TextDecoder('utf-8');

/** Append-only bytes with an index of lines. */
export class LogBuffer {
  #bytes = new Uint8Array(64 * 1024);
  #length = 0;
  #starts = new Float64Array(1024);
  #lines = 0;
  #unended = false;
  readonly #most: number;

  constructor(most = MOST_BYTES) {
    this.#most = most;
  }

  /** Bytes held. */
  get length(): number {
    return this.#length;
  }

  /** Lines begun; one that has not ended counts. */
  get lines(): number {
    return this.#lines;
  }

  /** No more fits: the rest is in the download only. */
  get full(): boolean {
    return this.#length >= this.#most;
  }

  /** The bytes held; valid until the next `append`. */
  get bytes(): Uint8Array<ArrayBuffer> {
    return this.#bytes.subarray(0, this.#length);
  }

  /** Takes in what came, as far as it fits, and says how much that was. */
  append(chunk: Uint8Array): number {
    const taken = chunk.subarray(0, this.#most - this.#length);
    this.#reserve(this.#length + taken.length);
    this.#bytes.set(taken, this.#length);
    const from = this.#length;
    this.#length += taken.length;
    this.#index(from);
    return taken.length;
  }

  /** Forgets everything: something else is printed. */
  clear(): void {
    this.#length = 0;
    this.#lines = 0;
    this.#unended = false;
  }

  /** Where a line begins and where it ends, without its end of line. */
  span(line: number): [number, number] {
    const start = this.start(line);
    let end = line + 1 < this.#lines ? this.start(line + 1) : this.#length;
    if (end > start && this.#bytes[end - 1] === NEWLINE) end -= 1;
    if (end > start && this.#bytes[end - 1] === RETURN) end -= 1;
    return [start, end];
  }

  /** The first byte of a line, counted from 0. */
  start(line: number): number {
    return line < this.#lines ? (this.#starts[line] ?? 0) : this.#length;
  }

  /** What a line says; bytes that are no UTF-8 become replacement characters. */
  text(line: number, most = MOST_OF_LINE): { text: string; more: number } {
    const [start, end] = this.span(line);
    const shown = Math.min(end, start + most);
    return { text: decoder.decode(this.#bytes.subarray(start, shown)), more: end - shown };
  }

  /** The line that holds a byte. */
  lineAt(offset: number): number {
    let [low, high] = [0, this.#lines - 1];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.start(middle) <= offset) low = middle;
      else high = middle - 1;
    }
    return Math.max(0, low);
  }

  #index(from: number): void {
    const bytes = this.bytes;
    let at = from;
    while (at < this.#length) {
      if (!this.#unended) this.#begin(at);
      const end = bytes.indexOf(NEWLINE, at);
      this.#unended = end < 0;
      at = end < 0 ? this.#length : end + 1;
    }
  }

  #begin(at: number): void {
    if (this.#lines === this.#starts.length) this.#starts = grown(this.#starts, new Float64Array(this.#lines * 2));
    this.#starts[this.#lines] = at;
    this.#lines += 1;
  }

  #reserve(size: number): void {
    if (size <= this.#bytes.length) return;
    const room = Math.min(Math.max(size, this.#bytes.length * 2), Math.max(this.#most, size));
    this.#bytes = grown(this.#bytes, new Uint8Array(room));
  }
}

function grown<T extends Uint8Array<ArrayBuffer> | Float64Array<ArrayBuffer>>(from: T, to: T): T {
  to.set(from);
  return to;
}
