import { type EventSourceMessage, createParser } from 'eventsource-parser';

import { fetched } from '../api';
import { type Problem, ProblemError, problemIn, problemOf } from '../problem';

/** How it stands with a stream: since when nothing came, and when it is tried again. */
export type Standing =
  | { at: 'connecting' }
  | { at: 'live' }
  | { at: 'away'; since: number; retry: number; problem: Problem }
  | { at: 'ended' }
  | { at: 'refused'; problem: Problem };

export type ReaderOptions = {
  /** The address to ask, after the event of this id. */
  address: (after: string | undefined) => string;
  event: (event: EventSourceMessage) => void;
  standing?: (standing: Standing) => void;
  /** The cursor is too old: what is shown has to be asked for anew. */
  gone?: () => void;
  after?: string;
  /** The host asked to come no sooner. */
  notBefore?: number;
};

/** The host says something every 15 s; twice that without a byte means that the connection is dead. */
export const SILENCE_MS = 30_000;
const FIRST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 30_000;

/**
 * Server-sent events over `fetch`: unlike `EventSource` it sees statuses and `Retry-After`, comes back after
 * every kind of refusal that may pass, and takes silence for a broken connection.
 */
export class Reader {
  #options: ReaderOptions;
  #after: string | undefined;
  #stop = new AbortController();
  #connection: AbortController | undefined;
  #heard = Date.now();
  #wake: (() => void) | undefined;
  #wait = FIRST_WAIT_MS;

  constructor(options: ReaderOptions) {
    this.#options = options;
    this.#after = options.after;
    const { signal } = this.#stop;
    addEventListener('pageshow', () => this.#look(), { signal });
    addEventListener('online', () => this.#look(), { signal });
    document.addEventListener('visibilitychange', () => this.#look(), { signal });
    void this.#run();
  }

  /** When something came last, as a time of this machine. */
  get heard(): number {
    return this.#heard;
  }

  close(): void {
    this.#stop.abort();
    this.#connection?.abort();
    this.#wake?.();
  }

  /** After sleep: a connection that said nothing for too long is given up, a wait is over. */
  #look(): void {
    if (document.hidden) return;
    this.#wake?.();
    if (Date.now() - this.#heard > SILENCE_MS) this.#connection?.abort();
  }

  async #run(): Promise<void> {
    await this.#sleep((this.#options.notBefore ?? 0) - Date.now(), false);
    while (!this.#stop.signal.aborted) {
      const told = await this.#once();
      if (this.#stop.signal.aborted || told === 'ended') return;
      await this.#pause(told);
    }
  }

  /** One connection until it ends. */
  async #once(): Promise<'ended' | Problem> {
    const connection = (this.#connection = new AbortController());
    const watchdog = setInterval(() => {
      if (Date.now() - this.#heard > SILENCE_MS) connection.abort();
    }, 1_000);
    this.#heard = Math.max(this.#heard, Date.now() - SILENCE_MS / 2);
    try {
      const response = await fetched(this.#options.address(this.#after), {
        headers: { accept: 'text/event-stream' },
        cache: 'no-store',
        signal: connection.signal,
      });
      if (response.status === 204) return this.#end({ at: 'ended' });
      if (!response.ok) return this.#refused(await problemIn(response));
      this.#wait = FIRST_WAIT_MS;
      this.#options.standing?.({ at: 'live' });
      await this.#read(response);
      return lost;
    } catch (error) {
      return error instanceof ProblemError ? error.problem : isAbort(error) ? lost : problemOf(error);
    } finally {
      clearInterval(watchdog);
    }
  }

  #refused(problem: Problem): 'ended' | Problem {
    if (problem.status === 410) {
      this.#after = undefined;
      this.#options.gone?.();
      return { ...problem, retry_after_s: undefined };
    }
    const passes = problem.status >= 500 || [408, 425, 429].includes(problem.status);
    return passes ? problem : this.#end({ at: 'refused', problem });
  }

  #end(standing: Standing): 'ended' {
    this.#options.standing?.(standing);
    return 'ended';
  }

  async #read(response: Response): Promise<void> {
    const parser = createParser({
      onEvent: (event) => {
        if (event.id !== undefined) this.#after = event.id;
        this.#options.event(event);
      },
    });
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
    if (!reader) return;
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      this.#heard = Date.now();
      parser.feed(value);
    }
  }

  /** `Retry-After` is kept to; otherwise each wait is longer, and ends when the tab is looked at. */
  async #pause(problem: Problem): Promise<void> {
    const asked = problem.retry_after_s;
    const jitter = 0.75 + Math.random() / 2;
    const wait = asked === null || asked === undefined ? this.#wait * jitter : asked * 1_000;
    this.#wait = Math.min(this.#wait * 1.5, LONGEST_WAIT_MS);
    this.#options.standing?.({ at: 'away', since: this.#heard, retry: Date.now() + wait, problem });
    await this.#sleep(wait, !asked);
  }

  /** Waits, no longer than until the tab is looked at where that `wakes`. */
  async #sleep(ms: number, wakes: boolean): Promise<void> {
    if (ms <= 0) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      const wake = () => {
        clearTimeout(timer);
        resolve();
      };
      this.#stop.signal.addEventListener('abort', wake, { once: true });
      this.#wake = wakes ? wake : undefined;
    });
    this.#wake = undefined;
  }
}

const lost: Problem = {
  kind: 'unreachable',
  title: 'The connection was lost',
  detail: 'The connection to the host was lost; it is tried again.',
  status: 0,
  request_id: '',
  type: 'about:blank',
};

function isAbort(error: unknown): boolean {
  return error instanceof DOMException && error.name === 'AbortError';
}
