import { type Problem, problemOf } from '../../lib/problem';
import { type Progress, isStored, send, sha256 } from '../../lib/upload';
import type { Draft } from './draft.svelte';

/** A file on its way to the host. */
export class Upload {
  readonly file: File;
  readonly path: string;
  stage = $state<'reading' | 'sending' | 'refused'>('reading');
  progress = $state<Progress>({ sent: 0, of: 1 });
  problem = $state.raw<Problem>();
  #stop = new AbortController();

  constructor(file: File) {
    this.file = file;
    this.path = file.webkitRelativePath || file.name;
  }

  cancel(): void {
    this.#stop.abort();
  }

  /** Brings its bytes to the host, unless they are there already; true once they are. */
  async bring(draft: Draft): Promise<boolean> {
    try {
      const digest = await sha256(this.file);
      const known = digest !== undefined && (await isStored(digest));
      this.stage = 'sending';
      const stored = known && digest ? digest : await this.#send();
      this.#stop.signal.throwIfAborted();
      const kept = draft.inputs.filter(({ path }) => path !== this.path);
      draft.inputs = [...kept, { path: this.path, sha256: stored, size: this.file.size }];
      return true;
    } catch (error) {
      if (this.#stop.signal.aborted) return true;
      this.stage = 'refused';
      this.problem = problemOf(error);
      return false;
    }
  }

  async #send(): Promise<string> {
    const { sha256: digest } = await send<{ sha256: string }>(
      '/v1/inputs',
      this.file,
      'application/octet-stream',
      (progress) => (this.progress = progress),
      this.#stop.signal,
    );
    return digest;
  }
}
