import { LogBuffer } from './buffer';
import { firstError } from './errors';
import { Hits, nextHit, search } from './search';
import { type Attempt, type Reading, read } from './source';
import { type Frame, lastTop, topAfter } from './window';

/** Height of a line that is not wrapped, in pixels; the style sheet of the lines has the same. */
export const ROW = 20;

/** One log as it is looked at: its lines as they come, the window over them, what is searched for. */
export class LogViewer {
  readonly buffer = new LogBuffer();
  lines = $state(0);
  bytes = $state(0);
  reading = $state<Reading>('reading');
  refusal = $state('');

  /** The line at the top of the window, with its part that is scrolled out. */
  top = $state(0);
  height = $state(400);
  wrap = $state(false);
  following = $state(true);
  /** Lines that came since the window was held still. */
  heldAt = $state(0);

  wanted = $state('');
  hits = $state.raw<readonly number[]>([]);
  hitCount = $state(0);
  searching = $state(false);
  hit = $state(-1);
  /** Lines that are marked, from 0, both included. */
  marked = $state.raw<[number, number]>();
  error = $state<number>();

  readonly #attempt: Attempt = { number: null };
  #hits = new Hits();
  #painting = false;
  #reader: AbortController | undefined;
  #searches = 0;
  #looked = 0;
  #lookingForErrors = false;

  /** The window over the lines. */
  get frame(): Frame {
    return { lines: this.lines, row: ROW, height: this.height };
  }

  /** Lines that came while the window was held still. */
  get unseen(): number {
    return this.following ? 0 : Math.max(0, this.lines - this.heldAt);
  }

  /** True while more may come. */
  get live(): boolean {
    return this.reading === 'reading' || this.reading === 'waiting';
  }

  /** Reads a log of the host; goes on where it was when it read before. */
  open(address: string): void {
    this.close();
    this.#reader = new AbortController();
    const grew = () => this.#soon();
    const state = (now: Reading, why = '') => {
      this.reading = now;
      this.refusal = why;
      this.#soon();
    };
    const anew = () => this.#anew();
    void read(address, this.buffer, this.#attempt, { grew, anew, state }, this.#reader.signal);
  }

  /** Shows lines that are here already. */
  show(text: string): void {
    this.buffer.append(new TextEncoder().encode(text));
    this.reading = 'ended';
    this.#soon();
  }

  /** Lets go of the connection; what was read stays. */
  close(): void {
    this.#reader?.abort();
  }

  scrolled(before: number, now: number): void {
    this.top = topAfter(this.frame, this.top, before, now);
    if (this.top >= lastTop(this.frame) - 0.5) this.follow();
    else this.hold();
  }

  follow(): void {
    this.following = true;
    this.top = lastTop(this.frame);
  }

  hold(): void {
    if (this.following) this.heldAt = this.lines;
    this.following = false;
  }

  /** Brings a line into the window, a third below its top. */
  goTo(line: number): void {
    const wished = Math.min(Math.max(0, line), Math.max(0, this.lines - 1)) - Math.floor(this.height / ROW / 3);
    this.hold();
    this.top = Math.min(lastTop(this.frame), Math.max(0, wished));
  }

  mark(first: number, last = first): void {
    this.marked = [Math.min(first, last), Math.max(first, last)];
  }

  find(wanted: string): void {
    this.wanted = wanted;
    this.#hits = new Hits();
    this.hit = -1;
    this.#searches += 1;
    void this.#search(true);
  }

  /** Goes to the next line with a hit, or to the one before. */
  step(forward: boolean): void {
    const from = this.hits[this.hit] ?? Math.floor(this.top) - (forward ? 1 : 0);
    const next = nextHit(this.hits, from, forward);
    if (next < 0) return;
    this.hit = next;
    this.goTo(this.hits[next] ?? 0);
  }

  /** The text of lines, both included. */
  text(first: number, last: number): string {
    const start = this.buffer.start(first);
    const [, end] = this.buffer.span(Math.min(last, this.buffer.lines - 1));
    return new TextDecoder().decode(this.buffer.bytes.subarray(start, end));
  }

  #anew(): void {
    this.error = undefined;
    this.#looked = 0;
    this.marked = undefined;
    this.find(this.wanted);
    this.#soon();
  }

  #soon(): void {
    if (this.#painting) return;
    this.#painting = true;
    requestAnimationFrame(() => {
      this.#painting = false;
      this.#grown();
    });
  }

  #grown(): void {
    this.lines = this.buffer.lines;
    this.bytes = this.buffer.length;
    if (this.following) this.top = lastTop(this.frame);
    if (this.wanted) void this.#search(false);
    void this.#lookForError();
  }

  async #search(anew: boolean): Promise<void> {
    if (this.searching && !anew) return;
    const mine = this.#searches;
    const stopped = () => mine !== this.#searches;
    this.searching = true;
    await search(this.buffer, this.wanted, this.#hits, stopped);
    if (stopped()) return;
    this.searching = false;
    this.hits = this.#hits.lines.slice();
    this.hitCount = this.#hits.count;
    if (anew && this.hits.length > 0) this.step(true);
  }

  async #lookForError(): Promise<void> {
    if (this.#lookingForErrors || this.error !== undefined || this.buffer.lines === this.#looked) return;
    this.#lookingForErrors = true;
    // The last line may not be whole yet: it is looked at again.
    const upTo = Math.max(0, this.buffer.lines - 1);
    this.error = await firstError(this.buffer, this.#looked, () => this.#reader?.signal.aborted ?? false);
    this.#looked = upTo;
    this.#lookingForErrors = false;
  }
}
