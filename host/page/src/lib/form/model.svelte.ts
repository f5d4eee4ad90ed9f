import type { FieldError } from '../problem';
import { type Path, at, pointer, put, without } from './pointer';
import { type Schema, presetAt } from './schema';

/** The values of a form: only what was set. What was typed and is none yet keeps its text in its field. */
export class FormModel {
  readonly schema: Schema;
  #value = $state.raw<unknown>({});
  /** Why what is typed in a field is no value, by pointer. */
  #issues = $state.raw<Record<string, string>>({});
  /** What the host said of fields, by pointer. */
  #refusals = $state.raw<Record<string, string>>({});
  #touched = $state.raw<ReadonlySet<string>>(new Set());
  /** True once it was to be sent: from then on every field shows what is wrong with it. */
  tried = $state(false);
  /** Changes when all values were replaced: fields then forget what was typed. */
  generation = $state(0);

  constructor(schema: Schema, value: unknown) {
    this.schema = schema;
    this.#value = value;
  }

  get value(): unknown {
    return this.#value;
  }

  /** Other values for all of it. */
  replace(value: unknown): void {
    this.#value = value;
    this.#issues = {};
    this.#refusals = {};
    this.generation += 1;
  }

  at(path: Path): unknown {
    return at(this.#value, path);
  }

  set(path: Path, value: unknown): void {
    this.#value = value === undefined ? without(this.#value, path) : put(this.#begun(path), path, value);
    this.#forget(pointer(path));
  }

  /** Says why what is typed is no value; `undefined` when it is one. */
  issue(path: Path, why: string | undefined): void {
    const key = pointer(path);
    if (this.#issues[key] === why) return;
    const { [key]: _, ...others } = this.#issues;
    this.#issues = why === undefined ? others : { ...others, [key]: why };
  }

  touch(path: Path): void {
    this.#touched = new Set(this.#touched).add(pointer(path));
  }

  /** What the host refused; in place of what it said before. */
  refused(errors: readonly FieldError[]): void {
    const refusals: Record<string, string> = {};
    for (const { pointer: key, message } of errors) {
      refusals[key] = refusals[key] ? `${refusals[key]}; ${message}` : message;
    }
    this.#refusals = refusals;
  }

  /** What is wrong with a field, once its user was there or has tried to send. */
  error(path: Path): string | undefined {
    const key = pointer(path);
    if (!this.tried && !this.#touched.has(key)) return undefined;
    return this.#issues[key] ?? this.#refusals[key];
  }

  /** True while what is typed there is no value. */
  isUnfinished(path: Path): boolean {
    return pointer(path) in this.#issues;
  }

  /** The fields that hold no value yet. */
  get unfinished(): string[] {
    return Object.keys(this.#issues);
  }

  /** The first field with something wrong, in the order of the refusals. */
  get firstWrong(): string | undefined {
    return Object.keys(this.#issues)[0] ?? Object.keys(this.#refusals)[0];
  }

  /** What was refused of the whole, or of places that no field shows. */
  get general(): string | undefined {
    return this.#refusals[''];
  }

  // A field of an object that was left to its default changes that default, and does not stand alone.
  #begun(path: Path): unknown {
    let value = this.#value;
    for (let length = 1; length < path.length; length += 1) {
      const around = path.slice(0, length);
      const preset = at(value, around) === undefined ? presetAt(this.schema, around) : undefined;
      if (typeof preset === 'object' && preset !== null) value = put(value, around, preset);
    }
    return value;
  }

  #forget(key: string): void {
    const kept = Object.entries(this.#refusals).filter(([at]) => at !== key && !at.startsWith(`${key}/`));
    if (kept.length !== Object.keys(this.#refusals).length) this.#refusals = Object.fromEntries(kept);
  }
}

/** The id of the element that a field is entered in. */
export function fieldId(at: string): string {
  return `field${encodeURIComponent(at)}`;
}

/** Moves the focus to the field, or to the nearest around it that is shown. */
export function focusField(at: string): void {
  for (let where = at; ; where = where.slice(0, where.lastIndexOf('/'))) {
    const found = document.getElementById(fieldId(where));
    if (found) {
      const folded = found.closest('details:not([open])');
      if (folded instanceof HTMLDetailsElement) folded.open = true;
      found.focus();
      found.scrollIntoView({ block: 'center' });
      return;
    }
    if (where === '') return;
  }
}
