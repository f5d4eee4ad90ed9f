import { base, href } from '../base';
import { part } from '../part';
import type { Problem } from '../problem';
import type { Reader, Standing } from './reader';

export type RunNews = {
  id: string;
  state: string;
  pipeline: string;
  version: string;
  name?: string | null;
  sweep?: { id: string; point: number } | string | null;
  at: string;
};
export type PluginNews = { name: string; version: string; state: string; at: string };
export type UploadNews = { name?: string; stage: string };
export type SystemNews = { ready: boolean; lacks: unknown[] };
/** What is told, by the name of its event; `reset` when everything shown may be old. */
export type News = {
  run: RunNews;
  plugin: PluginNews;
  upload: UploadNews;
  system: SystemNews;
  reset: undefined;
};
type Kind = keyof News;
type Message =
  | { is: 'news'; kind: Kind; data: unknown; cursor: string | undefined }
  | { is: 'standing'; standing: Standing; heard: number; cursor: string | undefined }
  | { is: 'who' };

/**
 * One stream of news for all tabs of a browser: a browser opens six connections to an origin, so a stream for
 * each tab would stop the seventh. The tab that has the lock reads and tells the others.
 */
class Stream {
  standing = $state.raw<Standing>({ at: 'connecting' });
  /** When the host was heard last. */
  heard = $state(Date.now());
  #listeners = new Map<Kind, Set<(data: never) => void>>();
  #channel: BroadcastChannel | undefined;
  #cursor: string | undefined;
  #reader: Reader | undefined;

  /** Begins to listen; once, by the shell. */
  start(): () => void {
    const stop = new AbortController();
    this.#channel = new BroadcastChannel(`simulay-news${base}`);
    this.#channel.onmessage = ({ data }: MessageEvent<Message>) => this.#take(data);
    this.#say({ is: 'who' });
    const lead = () => this.#lead(stop.signal);
    // Plain HTTP from another machine has no locks: each tab reads for itself there.
    const locks = isSecureContext ? navigator.locks : undefined;
    (locks?.request(`simulay-news${base}`, { signal: stop.signal }, lead) ?? lead()).catch(() => undefined);
    return () => {
      stop.abort();
      this.#reader?.close();
      this.#channel?.close();
    };
  }

  /** Hears of one kind of news until the function it gives back is called. */
  on<K extends Kind>(kind: K, listener: (data: News[K]) => void): () => void {
    const listeners = this.#listeners.get(kind) ?? new Set();
    this.#listeners.set(kind, listeners);
    listeners.add(listener);
    return () => listeners.delete(listener);
  }

  /** Why there is no news, when there is none. */
  get problem(): Problem | undefined {
    return 'problem' in this.standing ? this.standing.problem : undefined;
  }

  async #lead(stop: AbortSignal): Promise<void> {
    // The tab that led before is gone, and what it said of its connection with it.
    this.standing = { at: 'connecting' };
    const read = await part(() => import('./reader'), { wanted: () => !stop.aborted });
    if (!read || stop.aborted) return;
    this.#reader = new read.Reader({
      after: this.#cursor,
      address: (after) => href('/v1/events') + (after ? `?after=${encodeURIComponent(after)}` : ''),
      event: ({ event, data, id }) => this.#read(event ?? 'message', data, id),
      standing: (standing) => this.#stands(standing),
      // Everything is asked for anew once the next stream is live: what happens until then would be missed.
      gone: () => (this.#cursor = undefined),
    });
    await new Promise((resolve) => stop.addEventListener('abort', resolve));
  }

  #read(kind: string, data: string, cursor: string | undefined): void {
    this.heard = Date.now();
    if (kind === 'heartbeat') {
      this.#cursor = cursor ?? this.#cursor;
      return this.#sayStanding();
    }
    if (['run', 'plugin', 'upload', 'system'].includes(kind)) this.#tell(kind as Kind, parsed(data), cursor);
  }

  #tell(kind: Kind, data: unknown, cursor: string | undefined): void {
    const news: Message = { is: 'news', kind, data, cursor };
    this.#take(news);
    this.#say(news);
  }

  #stands(standing: Standing): void {
    // What happened before the connection was there comes by the cursor; without one it is asked for anew.
    if (standing.at === 'live' && this.standing.at !== 'live' && !this.#cursor) this.#tell('reset', undefined, undefined);
    this.standing = standing;
    if (this.#reader) this.heard = this.#reader.heard;
    this.#sayStanding();
  }

  /** Tells the other tabs, with the cursor from which one of them goes on when it has to lead. */
  #sayStanding(): void {
    this.#say({ is: 'standing', standing: this.standing, heard: this.heard, cursor: this.#cursor });
  }

  #take(message: Message): void {
    if (message.is === 'who') {
      if (this.#reader) this.#sayStanding();
      return;
    }
    if (message.is === 'standing') {
      this.standing = message.standing;
      this.heard = message.heard;
      this.#cursor = message.cursor;
      return;
    }
    this.#cursor = message.cursor ?? this.#cursor;
    for (const listener of this.#listeners.get(message.kind) ?? []) listener(message.data as never);
  }

  #say(message: Message): void {
    this.#channel?.postMessage(message);
  }
}

function parsed(data: string): unknown {
  try {
    return JSON.parse(data);
  } catch {
    return undefined;
  }
}

export const stream = new Stream();

/** Hears of one kind of news for as long as the component is there. */
export function onNews<K extends Kind>(kind: K, listener: (data: News[K]) => void): void {
  $effect(() => stream.on(kind, listener));
}
