import { href } from '../base';
import { uuid7 } from '../form/typed';
import { type Problem, asProblem, unreachable } from '../problem';
import type { SchemaPlugin } from '../schema';
import { unfit } from './component';

/** How it goes with one file. */
export type Stage = 'sending' | 'checking' | 'done' | 'refused' | 'unfit' | 'cancelled';

/** One file on its way to the host. */
export class Upload {
  readonly id = uuid7();
  readonly name: string;
  readonly size: number;
  stage = $state<Stage>('sending');
  sent = $state(0);
  /** Why it was not sent. */
  why = $state('');
  problem = $state.raw<Problem>();
  plugin = $state.raw<SchemaPlugin>();
  /** The same bytes were there before. */
  known = $state(false);
  #request: XMLHttpRequest | undefined;

  constructor(file: File) {
    this.name = file.name;
    this.size = file.size;
  }

  get over(): boolean {
    return this.stage !== 'sending' && this.stage !== 'checking';
  }

  async send(file: File, pending: boolean, most: number | undefined): Promise<void> {
    const head = new Uint8Array(await file.slice(0, 8).arrayBuffer());
    const why = unfit(head, file.size, most);
    if (why !== undefined) {
      this.why = why;
      this.stage = 'unfit';
      return;
    }
    await this.#post(file, pending);
  }

  cancel(): void {
    this.stage = 'cancelled';
    this.#request?.abort();
  }

  // `fetch` does not tell how much of a body is sent.
  #post(file: File, pending: boolean): Promise<void> {
    const request = (this.#request = new XMLHttpRequest());
    request.open('POST', href(`/v1/plugins${pending ? '?state=pending' : ''}`));
    request.setRequestHeader('content-type', 'application/wasm');
    request.setRequestHeader('idempotency-key', this.id);
    request.responseType = 'json';
    request.upload.onprogress = ({ loaded }) => (this.sent = loaded);
    request.upload.onload = () => this.#go('checking');
    return new Promise((resolve) => {
      request.onloadend = () => {
        this.#answered(request);
        resolve();
      };
      request.send(file);
    });
  }

  #answered(request: XMLHttpRequest): void {
    if (this.stage === 'cancelled') return;
    const answer: unknown = request.response;
    if (request.status === 200 || request.status === 201) {
      this.plugin = answer as SchemaPlugin;
      this.known = request.status === 200;
      this.#go('done');
      return;
    }
    const response = { status: request.status, statusText: request.statusText, headers: new Headers() } as Response;
    this.problem = request.status === 0 ? unreachable(undefined) : asProblem(answer, response);
    this.#go('refused');
  }

  #go(stage: Stage): void {
    if (this.stage !== 'cancelled') this.stage = stage;
  }
}

/** Every file that was given since the page was opened, the newest first; they go on whatever screen is shown. */
class Uploads {
  list = $state.raw<readonly Upload[]>([]);

  /** Sends files, two at a time: the host takes few at once. */
  async add(files: readonly File[], options: { pending: boolean; most: number | undefined }): Promise<void> {
    const given = files.map((file) => ({ file, upload: new Upload(file) }));
    this.list = [...given.map(({ upload }) => upload), ...this.list];
    const waiting = [...given];
    const work = async () => {
      for (let next = waiting.shift(); next; next = waiting.shift()) {
        if (!next.upload.over) await next.upload.send(next.file, options.pending, options.most);
      }
    };
    await Promise.all([work(), work()]);
  }

  /** Forgets those that are over. */
  clear(): void {
    this.list = this.list.filter((upload) => !upload.over);
  }
}

export const uploads = new Uploads();
