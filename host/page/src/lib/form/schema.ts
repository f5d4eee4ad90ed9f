// What a JSON Schema says of a field. Only what decides how it is entered: whether a value is right, the host tells.
import { number, unit } from '../format';
import { same } from './pointer';

export type Schema = {
  type?: string | string[];
  title?: string;
  description?: string;
  default?: unknown;
  enum?: unknown[];
  const?: unknown;
  properties?: Record<string, Schema | boolean>;
  required?: string[];
  additionalProperties?: boolean | Schema;
  items?: Schema | boolean;
  prefixItems?: unknown[];
  oneOf?: Schema[];
  anyOf?: Schema[];
  allOf?: Schema[];
  $ref?: string;
  $defs?: Record<string, Schema>;
  minimum?: number;
  maximum?: number;
  exclusiveMinimum?: number;
  exclusiveMaximum?: number;
  multipleOf?: number;
  minLength?: number;
  maxLength?: number;
  minItems?: number;
  maxItems?: number;
  pattern?: string;
  patternProperties?: Record<string, Schema>;
  'x-unit'?: string;
};

/** How a field is entered. */
export type Widget = 'number' | 'numbers' | 'text' | 'long-text' | 'choice' | 'flag' | 'object' | 'list' | 'variants' | 'json';

/** The schema with its references and `allOf` taken in; what refers to itself stays as it is. */
export function resolved(schema: Schema | boolean | undefined, root: Schema): Schema {
  if (typeof schema !== 'object') return {};
  let found = schema;
  for (let hops = 0; found.$ref !== undefined && hops < 16; hops += 1) {
    const { $ref, ...beside } = found;
    found = { ...referred($ref, root), ...beside };
  }
  if (!found.allOf) return nullable(found);
  const { allOf, ...own } = found;
  const parts = allOf.map((part) => resolved(part, root));
  const properties = Object.assign({}, ...parts.map((part) => part.properties ?? {}), own.properties ?? {});
  const required = [...parts.flatMap((part) => part.required ?? []), ...(own.required ?? [])];
  const merged: Schema = Object.assign({}, ...parts, own);
  if (Object.keys(properties).length) merged.properties = properties;
  if (required.length) merged.required = required;
  return nullable(merged);
}

function referred(ref: string | undefined, root: Schema): Schema {
  if (!ref?.startsWith('#')) return {};
  let found: unknown = root;
  for (const step of ref.slice(1).split('/').slice(1)) {
    const name = decodeURIComponent(step).replaceAll('~1', '/').replaceAll('~0', '~');
    found = typeof found === 'object' && found !== null ? (found as Record<string, unknown>)[name] : undefined;
  }
  return typeof found === 'object' && found !== null ? (found as Schema) : {};
}

// `["number", "null"]` and `anyOf: [X, null]` are X that may be left out: to leave it out is how one says null.
function nullable(schema: Schema): Schema {
  if (Array.isArray(schema.type)) {
    const types = schema.type.filter((type) => type !== 'null');
    if (types.length === 1) return { ...schema, type: types[0] };
  }
  const variants = schema.anyOf?.filter((variant) => variant.type !== 'null');
  if (variants?.length === 1 && schema.anyOf?.length === 2) {
    const { anyOf: _, ...own } = schema;
    return { ...variants[0], ...own };
  }
  return schema;
}

/** How a field of this schema is entered; what no widget fits is entered as JSON. */
export function widget(schema: Schema, root: Schema): Widget {
  if (schema.enum) return 'choice';
  if ((schema.oneOf ?? schema.anyOf)?.length) return constants(schema) ? 'choice' : 'variants';
  switch (schema.type) {
    case 'number':
    case 'integer':
      return 'number';
    case 'boolean':
      return 'flag';
    case 'string':
      return schema.maxLength === undefined || schema.maxLength > 1000 ? longOrShort(schema) : 'text';
    case 'object':
      return schema.properties && Object.keys(schema.properties).length > 0 ? 'object' : 'json';
    case 'array':
      return list(schema, root);
    default:
      return schema.properties ? 'object' : 'json';
  }
}

function longOrShort(schema: Schema): Widget {
  return schema.pattern ? 'text' : 'long-text';
}

function list(schema: Schema, root: Schema): Widget {
  if (schema.prefixItems) return 'json';
  const items = resolved(schema.items, root);
  if (items.type === 'number' || items.type === 'integer') return 'numbers';
  return items.type === 'string' || items.type === 'object' ? 'list' : 'json';
}

function constants(schema: Schema): boolean {
  return (schema.oneOf ?? schema.anyOf ?? []).every((variant) => 'const' in variant);
}

export type Option = { value: unknown; text: string };

/** What may be chosen. */
export function options(schema: Schema): Option[] {
  if (schema.enum) return schema.enum.map((value) => ({ value, text: word(value) }));
  return (schema.oneOf ?? schema.anyOf ?? []).map(({ const: value, title }) => ({ value, text: title ?? word(value) }));
}

function word(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** What a field is called. */
export function label(schema: Schema, name: string): string {
  return schema.title || name;
}

/** Its range in words: `more than 0, at most 1000`. */
export function range(schema: Schema): string {
  const parts = [
    schema.exclusiveMinimum !== undefined && `more than ${number(schema.exclusiveMinimum)}`,
    schema.minimum !== undefined && `at least ${number(schema.minimum)}`,
    schema.exclusiveMaximum !== undefined && `less than ${number(schema.exclusiveMaximum)}`,
    schema.maximum !== undefined && `at most ${number(schema.maximum)}`,
    schema.multipleOf !== undefined && `a multiple of ${number(schema.multipleOf)}`,
    schema.type === 'integer' && schema.multipleOf === undefined && 'whole',
    schema.minItems !== undefined && `at least ${schema.minItems} items`,
    schema.maxItems !== undefined && `at most ${number(schema.maxItems)} items`,
    schema.maxLength !== undefined && schema.maxLength <= 1000 && `at most ${schema.maxLength} characters`,
  ];
  return parts.filter(Boolean).join(', ');
}

/** Its default in words; nothing when there is none, or none that is short. */
export function defaultText(schema: Schema): string {
  if (schema.default === undefined || schema.default === null || schema.properties) return '';
  const { default: preset } = schema;
  const shown = typeof preset === 'number' ? number(preset) : Array.isArray(preset) ? preset.map(word).join(', ') : word(preset);
  if (shown === '' || shown.length > 60) return '';
  const measure = unit(schema['x-unit']);
  return measure ? `${shown} ${measure}` : shown;
}

/** What a field that is not set is by its default, also where only an object around it has one. */
export function presetAt(root: Schema, path: readonly (string | number)[]): unknown {
  let schema = resolved(root, root);
  for (const step of path) schema = resolved(schema.properties?.[step], root);
  return schema.default;
}

/** Which of the variants a value is of: the first that does not contradict it. */
export function variantOf(value: unknown, variants: Schema[], root: Schema): number {
  const fits = (variant: Schema): boolean => {
    const schema = resolved(variant, root);
    if ('const' in schema) return same(schema.const, value);
    if (schema.enum) return schema.enum.some((one) => same(one, value));
    if (!isOf(value, schema.type)) return false;
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return true;
    const properties = schema.properties ?? {};
    if (schema.required?.some((name) => !Object.hasOwn(value, name))) return false;
    if (schema.additionalProperties === false && Object.keys(value).some((name) => !(name in properties))) return false;
    return Object.entries(properties).every(([name, property]) => {
      const inner = resolved(property, root);
      return !('const' in inner) || !Object.hasOwn(value, name) || same(inner.const, value[name as never]);
    });
  };
  return variants.findIndex(fits);
}

function isOf(value: unknown, type: string | string[] | undefined): boolean {
  if (type === undefined) return true;
  const types = Array.isArray(type) ? type : [type];
  const own = value === null ? 'null' : Array.isArray(value) ? 'array' : typeof value;
  return types.includes(own) || (own === 'number' && types.includes('integer') && Number.isInteger(value));
}

/** What a field begins with when it is given: its default, or what its required fields begin with. */
export function beginning(schema: Schema, root: Schema): unknown {
  if (schema.default !== undefined) return schema.default;
  if ('const' in schema) return schema.const;
  if (schema.enum) return schema.enum[0];
  if (schema.type === 'object' || schema.properties) {
    const given = Object.entries(schema.properties ?? {}).map(([name, property]) => [name, resolved(property, root)] as const);
    return Object.fromEntries(
      given.filter(([, inner]) => 'const' in inner).map(([name, inner]) => [name, inner.const]),
    );
  }
  if (schema.type === 'array') return [];
  if (schema.type === 'boolean') return false;
  if (schema.type === 'string') return '';
  return undefined;
}
