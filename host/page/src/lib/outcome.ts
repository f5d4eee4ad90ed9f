import { type Schema, resolved } from './form/schema';
import { pointer } from './form/pointer';

/** A value of an outcome or of parameters, with what the schema says of it. */
export type Entry = {
  pointer: string;
  name: string;
  value: unknown;
  unit?: string;
  description?: string;
  title?: string;
  default?: unknown;
  /** The exact value beside a computed one. */
  exact?: { name: string; value: number };
};

const EXACT = /_?(analytic|exact|theory|theoretical|reference)(?=_|$)/;

/** The values of a document in the order of its schema, then what the schema does not name. */
export function entries(document: unknown, schema: Schema, within: readonly string[] = []): Entry[] {
  if (typeof document !== 'object' || document === null || Array.isArray(document)) return [];
  const values = document as Record<string, unknown>;
  const known = Object.keys(resolved(schema, schema).properties ?? {}).filter((name) => name in values);
  const others = Object.keys(values).filter((name) => !known.includes(name));
  return [...known, ...others].flatMap((name) => {
    const said = resolved(resolved(schema, schema).properties?.[name], schema);
    const value = values[name];
    const path = [...within, name];
    const nested = typeof value === 'object' && value !== null && !Array.isArray(value) && said.properties;
    if (nested) return entries(value, { ...said, $defs: schema.$defs }, path);
    return [
      {
        pointer: pointer(path),
        name: path.join('.'),
        value,
        unit: said['x-unit'],
        description: said.description,
        title: said.title,
        default: said.default,
      },
    ];
  });
}

/** Numbers with their exact neighbours: `a_analytic_K` stands beside `a_K`, not under it. */
export function paired(list: readonly Entry[]): Entry[] {
  const exact = new Map<string, Entry>();
  const plain = new Set(list.map(({ name }) => name));
  for (const entry of list) {
    const partner = entry.name.replace(EXACT, '');
    if (partner !== entry.name && plain.has(partner) && typeof entry.value === 'number') exact.set(partner, entry);
  }
  const taken = new Set([...exact.values()]);
  return list
    .filter((entry) => !taken.has(entry))
    .map((entry) => {
      const neighbour = exact.get(entry.name);
      return neighbour && typeof entry.value === 'number'
        ? { ...entry, exact: { name: neighbour.name, value: neighbour.value as number } }
        : entry;
    });
}
