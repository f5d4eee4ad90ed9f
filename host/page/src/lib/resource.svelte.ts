import { untrack } from 'svelte';

import { type Problem, problemOf } from './problem';

let answered: () => void;
/** Once the first question has its answer, or its problem: what can wait begins then. */
export const shown = new Promise<void>((resolve) => (answered = resolve));

/** Something the host is asked for: its value, why there is none, and whether an answer is awaited. */
export class Resource<T> {
  value = $state.raw<T>();
  problem = $state.raw<Problem>();
  loading = $state(false);
  #fetch: ((signal: AbortSignal) => Promise<T>) | undefined;
  #asking: AbortController | undefined;

  /** Asks anew; an answer to an earlier question is never taken. */
  async ask(fetch: (signal: AbortSignal) => Promise<T>): Promise<void> {
    this.#fetch = fetch;
    this.#asking?.abort();
    const asking = (this.#asking = new AbortController());
    this.loading = true;
    try {
      const value = await fetch(asking.signal);
      if (asking.signal.aborted) return;
      this.value = value;
      this.problem = undefined;
    } catch (error) {
      if (asking.signal.aborted) return;
      this.problem = problemOf(error);
    }
    this.loading = false;
    answered();
  }

  /** The same question again; what is shown stays until the answer is there. */
  reload(): Promise<void> {
    return this.#fetch ? this.ask(this.#fetch) : Promise.resolve();
  }

  stop(): void {
    this.#asking?.abort();
    this.loading = false;
  }
}

/** A resource that is asked for whenever what `question` reads changes; `undefined` asks nothing. For components. */
export function resource<T>(
  question: () => ((signal: AbortSignal) => Promise<T>) | undefined,
): Resource<T> {
  const made = new Resource<T>();
  $effect(() => {
    const fetch = question();
    if (fetch) untrack(() => void made.ask(fetch));
    return () => made.stop();
  });
  return made;
}
