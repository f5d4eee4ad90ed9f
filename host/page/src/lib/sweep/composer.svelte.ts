import type { Schema } from '../form/schema';
import { isNumber, type Scalar, scalars } from './fields';
import { type Layout, method, pointsOf, read, type Row, row } from './vary';
import type { Method, NewSweep, Variation } from './wire';

/** What a sweep gets beside what varies. */
type Rest = Pick<NewSweep, 'fixed' | 'inputs'> & { name: string; seed: string };

/** A sweep that is being put together. */
export class Composer {
  readonly fields: Scalar[];
  layout = $state<Layout>('grid');
  points = $state('32');
  csv = $state('');
  rows = $state<Row[]>([]);
  atOnce = $state('');
  stopAt = $state('');
  stopSide = $state<'above' | 'below'>('above');
  stopBound = $state('');
  /** What the rows say, once read; and what is wrong with them, by pointer. */
  parameters = $state.raw<Record<string, Variation>>({});
  wrong = $state.raw<Record<string, string>>({});
  #reads = 0;

  constructor(schema: Schema) {
    this.fields = scalars(schema);
  }

  field(pointer: string): Scalar | undefined {
    return this.fields.find((one) => one.pointer === pointer);
  }

  /** What does not vary yet. */
  get left(): Scalar[] {
    return this.fields.filter((field) => !this.rows.some((one) => one.pointer === field.pointer));
  }

  add(pointer: string): void {
    const field = this.field(pointer);
    if (field) this.rows.push(row(field, isNumber(field)));
  }

  remove(pointer: string): void {
    this.rows = this.rows.filter((one) => one.pointer !== pointer);
  }

  /** Reads all rows; units are converted on the way, so that it takes a moment the first time. */
  async read(): Promise<void> {
    const mine = ++this.#reads;
    const [rows, layout] = [$state.snapshot(this.rows), this.layout];
    const parameters: Record<string, Variation> = {};
    const wrong: Record<string, string> = {};
    for (const one of layout === 'csv' ? [] : rows) {
      const field = this.field(one.pointer);
      const told = field ? await read(one, field, layout) : { wrong: 'The pipeline has no such parameter.' };
      if ('wrong' in told) wrong[one.pointer] = told.wrong;
      else parameters[one.pointer] = told.variation;
    }
    if (mine !== this.#reads) return;
    this.parameters = parameters;
    this.wrong = wrong;
  }

  get method(): Method | { wrong: string } {
    return method(this.layout, this.points, this.csv);
  }

  /** How many points it has, as far as this page can tell. */
  get count(): number | undefined {
    const chosen = this.method;
    return 'wrong' in chosen ? undefined : pointsOf(chosen, this.parameters);
  }

  /** Why it cannot be asked for yet. */
  get obstacle(): string | undefined {
    const chosen = this.method;
    if ('wrong' in chosen) return chosen.wrong;
    if (Object.keys(this.wrong).length > 0) return 'What is typed for a parameter is no value yet.';
    if (this.layout !== 'csv' && this.rows.length === 0) return 'Choose at least one parameter that varies.';
    if (this.atOnce.trim() && !/^[1-9]\d{0,8}$/.test(this.atOnce.trim())) return '“At once” is a whole number of at least 1.';
    if (this.stopAt.trim() && !Number.isFinite(Number(this.stopBound || 'x'))) return 'The rule to stop needs a number.';
    return undefined;
  }

  /** The request. */
  body({ fixed, inputs, name, seed }: Rest): NewSweep {
    const chosen = this.method;
    return {
      ...(name.trim() && { name: name.trim() }),
      method: 'wrong' in chosen ? { grid: {} } : chosen,
      parameters: this.parameters,
      fixed: this.#without(fixed),
      ...(inputs?.length && { inputs }),
      ...(seed.trim() && { seed: Number(seed) }),
      ...(this.atOnce.trim() && { max_at_once: Number(this.atOnce) }),
      ...(this.stopAt.trim() && { stop: { outcome: this.stopAt.trim(), [this.stopSide]: Number(this.stopBound) } }),
    };
  }

  // What varies at the top is not fixed too.
  #without(fixed: unknown): unknown {
    if (typeof fixed !== 'object' || fixed === null) return {};
    const varied = new Set(Object.keys(this.parameters));
    return Object.fromEntries(Object.entries(fixed).filter(([name]) => !varied.has(`/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`)));
  }
}
