import { untrack } from 'svelte';

import { api, ask } from '../../lib/api';
import { type Problem, problemOf } from '../../lib/problem';
import type { SchemaPreview } from '../../lib/schema';
import type { Draft } from './draft.svelte';

const CALM_MS = 400;

/** What the host would do with the draft, asked anew once it has been left alone for a moment. */
export class Preview {
  value = $state.raw<SchemaPreview>();
  problem = $state.raw<Problem>();
  /** True when what is shown is of values that were changed since. */
  stale = $state(true);
  #draft: Draft;
  #asking: AbortController | undefined;

  constructor(draft: Draft) {
    this.#draft = draft;
  }

  /** For an effect: runs whenever the draft is changed. */
  follow(): () => void {
    const draft = this.#draft;
    const { name: _name, labels: _labels, ...body } = draft.body;
    const ready = draft.obstacle === undefined;
    untrack(() => (this.stale = true));
    const first = untrack(() => this.value === undefined && this.problem === undefined);
    const timer = ready ? setTimeout(() => void this.#ask(body), first ? 0 : CALM_MS) : undefined;
    return () => {
      clearTimeout(timer);
      // An answer about older values never overwrites a newer one.
      this.#asking?.abort();
    };
  }

  async #ask(body: Record<string, unknown>): Promise<void> {
    const asking = (this.#asking = new AbortController());
    const draft = this.#draft;
    try {
      const value = await ask(
        api.POST('/v1/pipelines/{pipeline}/preview', {
          params: { path: { pipeline: draft.version } },
          body: body as never,
          signal: asking.signal,
        }),
      );
      if (asking.signal.aborted) return;
      this.value = value;
      this.problem = undefined;
      draft.form.refused([]);
    } catch (error) {
      if (asking.signal.aborted) return;
      this.problem = problemOf(error);
      draft.form.refused(this.problem.errors ?? []);
    }
    this.stale = false;
  }
}
