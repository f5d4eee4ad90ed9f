// What changed between two JSON Schemas, by field.

export type Change = { field: string; keyword: string; before: unknown; now: unknown };

type Node = Record<string, unknown>;

/** Every keyword that is otherwise, in the order of the newer schema; what went comes last. */
export function difference(before: unknown, now: unknown): Change[] {
  const [old, fresh] = [flat(before), flat(now)];
  const changes: Change[] = [];
  for (const [key, value] of fresh) {
    if (JSON.stringify(old.get(key)) !== JSON.stringify(value)) changes.push(change(key, old.get(key), value));
  }
  for (const [key, value] of old) if (!fresh.has(key)) changes.push(change(key, value, undefined));
  return changes;
}

function change(key: string, before: unknown, now: unknown): Change {
  const [field = '', keyword = ''] = key.split('\n');
  return { field, keyword, before, now };
}

// `/width\nminimum` → 0. Deeper than any schema that the host takes there is nothing.
function flat(schema: unknown, field = '', found = new Map<string, unknown>(), depth = 0): Map<string, unknown> {
  if (typeof schema !== 'object' || schema === null || depth > 64) return found;
  for (const [keyword, value] of Object.entries(schema as Node)) {
    if (keyword === 'properties' || keyword === '$defs') {
      for (const [name, inner] of Object.entries((value ?? {}) as Node)) {
        flat(inner, `${keyword === '$defs' ? '#' : ''}${field}/${name}`, found, depth + 1);
      }
    } else if (keyword === 'items') flat(value, `${field}/·`, found, depth + 1);
    else if (keyword === 'required') requiredOf(value, field, found);
    else found.set(`${field}\n${keyword}`, value);
  }
  return found;
}

function requiredOf(names: unknown, field: string, found: Map<string, unknown>): void {
  if (Array.isArray(names)) for (const name of names) found.set(`${field}/${String(name)}\nrequired`, true);
}
