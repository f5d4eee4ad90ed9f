// What of a schema can vary or be looked at: its scalars, by JSON Pointer.
import { pointer } from '../form/pointer';
import { resolved, type Schema } from '../form/schema';

export type Scalar = { pointer: string; title: string; unit: string; schema: Schema };

const DEEPEST = 6;

/** The scalars of a schema, in its order. */
export function scalars(schema: Schema): Scalar[] {
  return below(schema, schema, [], '');
}

function below(given: Schema | boolean | undefined, root: Schema, path: string[], title: string): Scalar[] {
  const schema = resolved(given, root);
  if (schema.properties && path.length < DEEPEST) {
    return Object.entries(schema.properties).flatMap(([name, inner]) => {
      const called = resolved(inner, root).title || name;
      return below(inner, root, [...path, name], title ? `${title} › ${called}` : called);
    });
  }
  if (path.length === 0 || !isScalar(schema)) return [];
  return [{ pointer: pointer(path), title, unit: schema['x-unit'] ?? '', schema }];
}

function isScalar(schema: Schema): boolean {
  return ['number', 'integer', 'boolean', 'string'].includes(String(schema.type)) || schema.enum !== undefined;
}

/** True for what a range can be of. */
export function isNumber({ schema }: Scalar): boolean {
  return schema.type === 'number' || schema.type === 'integer';
}
