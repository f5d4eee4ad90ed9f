import type { Run } from '../../lib/expected';
import { FormModel } from '../../lib/form/model.svelte';
import { same } from '../../lib/form/pointer';
import type { Schema } from '../../lib/form/schema';
import { uuid7 } from '../../lib/form/typed';
import { remembered } from '../../lib/remembered';
import type { SchemaPipeline } from '../../lib/schema';

export type DraftInput = { path: string; sha256: string; size?: number };
type Kept = {
  params: unknown;
  inputs: DraftInput[];
  seed: string;
  retries: string;
  name: string;
  labels: string;
  sent?: { id: string; body: string };
};

/** A run that is being put together; kept in this tab, so that a way back or a lost session loses nothing. */
export class Draft {
  readonly pipeline: SchemaPipeline;
  readonly form: FormModel;
  inputs = $state<DraftInput[]>([]);
  seed = $state('');
  retries = $state('');
  name = $state('');
  /** `key=value`, one a line. */
  labels = $state('');
  /** True when what is shown was typed before. */
  restored = $state(false);
  /** The run that values were taken from. */
  readonly from: Run | undefined;
  #sent: { id: string; body: string } | undefined;
  #kept;
  readonly #start: Kept;

  constructor(pipeline: SchemaPipeline, from: Run | undefined, example?: string) {
    this.pipeline = pipeline;
    this.from = from;
    this.#kept = remembered(sessionStorage, `draft:${pipeline.name}@${pipeline.version}:${from?.id ?? example ?? ''}`);
    this.#start = begin(from, pipeline.examples.find(({ name }) => name === example)?.params);
    const kept = this.#read();
    this.form = new FormModel(pipeline.params_schema as Schema, (kept ?? this.#start).params);
    this.#take(kept ?? this.#start);
    this.restored = kept !== undefined && !same({ ...kept, sent: 0 }, { ...this.#start, sent: 0 });
  }

  /** Of which version: a run that was changed keeps to that of the run. */
  get version(): string {
    return `${this.pipeline.name}@${this.pipeline.version}`;
  }

  /** What is asked for, without the version: a preview takes it so. */
  get body(): Record<string, unknown> {
    const { name, inputs, seed, retries } = this;
    const labels = labelsIn(this.labels) ?? {};
    return {
      params: this.form.value,
      ...(inputs.length ? { inputs: inputs.map(({ path, sha256 }) => ({ path, sha256 })) } : {}),
      ...(seed.trim() ? { seed: Number(seed) } : {}),
      ...(retries.trim() ? { options: { retries: Number(retries) } } : {}),
      ...(name.trim() ? { name: name.trim() } : {}),
      ...(Object.keys(labels).length ? { labels } : {}),
    };
  }

  /** The request that starts it. */
  get request(): Record<string, unknown> {
    return { pipeline: this.version, ...this.body };
  }

  /** The id under which it is asked for: the same for the same request, however often it is sent. */
  id(): string {
    const body = JSON.stringify(this.request);
    if (this.#sent?.body !== body) this.#sent = { id: uuid7(), body };
    this.keep();
    return this.#sent.id;
  }

  /** Why it cannot be sent, in words of this page: what is not a number yet, and the like. */
  get obstacle(): string | undefined {
    const whole = (text: string) => text.trim() === '' || /^\d{1,16}$/.test(text.trim());
    if (this.form.unfinished.length) return 'What is typed in a marked field is no value yet.';
    if (!whole(this.seed) || Number(this.seed) > Number.MAX_SAFE_INTEGER) return 'The seed is a whole number up to 2⁵³ − 1.';
    if (!whole(this.retries)) return 'The retries are a whole number.';
    if (!labelsIn(this.labels)) return 'Labels are `key=value`, one a line.';
    const paths = this.inputs.map(({ path }) => path.trim());
    if (paths.includes('')) return 'A file has no name.';
    if (new Set(paths).size < paths.length) return 'Two files have the same name.';
    return undefined;
  }

  keep(): void {
    const { inputs, seed, retries, name, labels } = this;
    const kept: Kept = {
      params: this.form.value,
      inputs: $state.snapshot(inputs),
      seed,
      retries,
      name,
      labels,
      sent: this.#sent,
    };
    this.#kept.write(JSON.stringify(kept));
  }

  /** As it was at the beginning: the defaults, or the values of the run it came from. */
  reset(): void {
    this.#take(this.#start);
    this.form.replace(this.#start.params);
    this.form.tried = false;
    this.restored = false;
    this.forget();
  }

  forget(): void {
    this.#kept.write(undefined);
  }

  #take(kept: Kept): void {
    this.inputs = kept.inputs;
    this.seed = kept.seed;
    this.retries = kept.retries;
    this.name = kept.name;
    this.labels = kept.labels ?? '';
    this.#sent = kept.sent;
  }

  #read(): Kept | undefined {
    try {
      const kept: unknown = JSON.parse(this.#kept.read() ?? 'null');
      return typeof kept === 'object' && kept !== null && 'params' in kept ? (kept as Kept) : undefined;
    } catch {
      return undefined;
    }
  }
}

/** Labels by their keys; nothing when a line is none. */
function labelsIn(text: string): Record<string, string> | undefined {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  const pairs = lines.map((line) => /^\s*([^=\s]+)\s*=\s*(.*?)\s*$/.exec(line));
  if (pairs.includes(null)) return undefined;
  return Object.fromEntries(pairs.map((pair) => [pair?.[1] ?? '', pair?.[2] ?? '']));
}

function begin(from: Run | undefined, example: unknown): Kept {
  return {
    params: from?.params ?? example ?? {},
    inputs: from?.inputs.map(({ path, sha256, size }) => ({ path, sha256, size })) ?? [],
    seed: '',
    retries: '',
    name: '',
    labels: '',
  };
}
