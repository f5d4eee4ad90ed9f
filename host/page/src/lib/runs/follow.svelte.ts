import { untrack } from 'svelte';

import { api, ask } from '../api';
import { href } from '../base';
import type { ListedArtifact, Run } from '../expected';
import { Resource } from '../resource.svelte';
import type { SchemaCall, SchemaEvent } from '../schema';
import { hasEnded } from '../states';
import { Reader, type Standing } from '../stream/reader';

// Calls come in crowds; what is shown of them is asked for once they are calm.
const CALM_MS = 250;

/** A run, its calls, its files and what happened to it: one buffer, in order, each event once. */
export class FollowedRun {
  readonly id: string;
  readonly run = new Resource<Run>();
  readonly calls = new Resource<SchemaCall[]>();
  readonly files = new Resource<ListedArtifact[]>();
  events = $state.raw<SchemaEvent[]>([]);
  standing = $state.raw<Standing>({ at: 'connecting' });
  #timer: ReturnType<typeof setTimeout> | undefined;
  #waiting: SchemaEvent[] = [];
  #asked: Promise<void> = Promise.resolve();

  constructor(id: string) {
    this.id = id;
    this.look();
  }

  /** Asks for all of it anew. */
  look(): void {
    const path = { id: this.id };
    this.#asked = this.run.ask((signal) => ask(api.GET('/v1/runs/{id}', { params: { path, query: { plots: 'omit' } }, signal })));
    this.#lookAtCalls();
  }

  #lookAtCalls(): void {
    const path = { id: this.id };
    void this.calls.ask(async (signal) => (await ask(api.GET('/v1/runs/{id}/calls', { params: { path }, signal }))).calls);
    void this.files.ask(
      async (signal) => (await ask(api.GET('/v1/runs/{id}/artifacts', { params: { path }, signal }))).artifacts,
    );
  }

  /** Reads what happens to it until the function it gives back is called. */
  follow(): () => void {
    const [known, standing] = untrack(() => [this.events.length, this.standing] as const);
    const asked = standing.at === 'away' && standing.problem.retry_after_s;
    const reader = new Reader({
      after: known ? String(known) : undefined,
      // Also when the tab was hidden meanwhile.
      notBefore: asked ? standing.retry : undefined,
      address: (after) => href(`/v1/runs/${this.id}/events`) + (after ? `?after=${after}` : ''),
      event: ({ data }) => this.#take(data),
      standing: (standing) => (this.standing = standing),
    });
    return () => {
      reader.close();
      clearTimeout(this.#timer);
    };
  }

  #take(data: string): void {
    let event: SchemaEvent;
    try {
      event = JSON.parse(data) as SchemaEvent;
    } catch {
      return;
    }
    // Sequences have no gaps: the next one has its slot, and what came before is known.
    if (event.sequence !== this.events.length + this.#waiting.length + 1) return;
    this.#waiting.push(event);
    this.#timer ??= setTimeout(() => this.#settle(), this.events.length ? CALM_MS : 0);
  }

  #settle(): void {
    this.#timer = undefined;
    const news = this.#waiting;
    this.#waiting = [];
    this.events = [...this.events, ...news];
    if (this.run.value) return this.#catchUp();
    // A long report takes a while to come: it is not asked for again before it is there.
    this.#lookAtCalls();
    void this.#asked.then(() => this.#catchUp());
  }

  // What is told of the past of a run that has ended is known from the run.
  #catchUp(): void {
    const state = this.run.value?.state;
    if (state === undefined || !hasEnded(state)) this.look();
  }
}
