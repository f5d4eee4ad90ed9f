// What is typed into the rows of a new sweep, as the host wants it.
import { parseQuantity } from '../units/quantity';
import type { Scalar } from './fields';
import type { Method, Variation } from './wire';

export type Layout = 'grid' | 'latin_hypercube' | 'sobol' | 'random' | 'csv';

/** One parameter that varies, as it is typed. */
export type Row = {
  pointer: string;
  kind: 'range' | 'list';
  from: string;
  to: string;
  steps: string;
  scale: 'linear' | 'log';
  list: string;
};

/** Either what the row says, or what is wrong with it. */
export type Read = { variation: Variation } | { wrong: string };

/** A row that begins around the default of its parameter. */
export function row(field: Scalar, isNumeric: boolean): Row {
  const { default: start, minimum, maximum, enum: choices } = field.schema;
  const value = typeof start === 'number' ? start : undefined;
  return {
    pointer: field.pointer,
    kind: isNumeric ? 'range' : 'list',
    from: text(value === undefined ? minimum : Math.max(minimum ?? -Infinity, value / 2)),
    to: text(value === undefined ? maximum : Math.min(maximum ?? Infinity, value * 2)),
    steps: '5',
    scale: 'linear',
    list: choices ? choices.map((one) => JSON.stringify(one)).join(', ') : field.schema.type === 'boolean' ? 'true, false' : '',
  };
}

function text(value: number | undefined): string {
  return value === undefined || !Number.isFinite(value) ? '' : String(value);
}

/** Reads a row; values may come in units of their own. */
export async function read(typed: Row, field: Scalar, layout: Layout): Promise<Read> {
  if (typed.kind === 'list') return list(typed.list, field);
  const [from, to] = await Promise.all([parseQuantity(typed.from, field.unit), parseQuantity(typed.to, field.unit)]);
  if (!from.ok) return { wrong: `From: ${from.error}` };
  if (!to.ok) return { wrong: `To: ${to.error}` };
  const range = { from: from.value, to: to.value, ...(typed.scale === 'log' && { scale: 'log' as const }) };
  if (layout !== 'grid') return { variation: { range } };
  const steps = Number(typed.steps);
  if (!Number.isInteger(steps) || steps < 1) return { wrong: 'The number of values is a whole number of at least 1.' };
  return { variation: { range: { ...range, steps } } };
}

async function list(typed: string, field: Scalar): Promise<Read> {
  const words = typed.split(field.schema.type === 'string' ? /[\n,;]+/ : /[\n,;\t]+/).map((word) => word.trim()).filter(Boolean);
  if (words.length === 0) return { wrong: 'The list has no values.' };
  const values: unknown[] = [];
  for (const word of words) {
    const value = await item(word, field);
    if ('wrong' in value) return value;
    values.push(value.value);
  }
  return { variation: { list: values } };
}

async function item(word: string, field: Scalar): Promise<{ value: unknown } | { wrong: string }> {
  if (field.schema.type === 'number' || field.schema.type === 'integer') {
    const read = await parseQuantity(word, field.unit);
    return read.ok ? { value: read.value } : { wrong: read.error };
  }
  try {
    return { value: JSON.parse(word) as unknown };
  } catch {
    return field.schema.type === 'boolean' ? { wrong: `“${word}” is neither true nor false` } : { value: word };
  }
}

/** How points are laid out, as the host wants it. */
export function method(layout: Layout, points: string, csv: string): Method | { wrong: string } {
  if (layout === 'grid') return { grid: {} };
  if (layout === 'csv') return csv.trim() ? { csv: { text: csv } } : { wrong: 'The table is empty.' };
  const count = Number(points);
  if (!Number.isInteger(count) || count < 1) return { wrong: 'The number of points is a whole number of at least 1.' };
  return { [layout]: { points: count } } as Method;
}

/** How many points a design has, as far as that can be told here; the host's preview tells it in any case. */
export function pointsOf(chosen: Method, parameters: Record<string, Variation>): number | undefined {
  if ('csv' in chosen) return undefined;
  if ('grid' in chosen) {
    return Object.values(parameters).reduce((product, one) => product * ('list' in one ? one.list.length : (one.range.steps ?? 1)), 1);
  }
  return Object.values(chosen)[0]?.points;
}
