// Checks values against the schemas that `schema.js` makes.

/** @typedef {{ pointer: string, message: string }} Fault where and what */
/** @typedef {Record<string, any>} AnySchema */

/** @type {Record<string, (value: any) => boolean>} */
const TYPES = {
  number: (value) => typeof value === "number" && Number.isFinite(value),
  integer: Number.isSafeInteger,
  boolean: (value) => typeof value === "boolean",
  string: (value) => typeof value === "string",
  array: Array.isArray,
  object: (value) => typeof value === "object" && value !== null && !Array.isArray(value),
};

/** @type {Record<string, (value: any, bound: any) => boolean>} */
const RULES = {
  minimum: (value, bound) => value >= bound,
  maximum: (value, bound) => value <= bound,
  exclusiveMinimum: (value, bound) => value > bound,
  exclusiveMaximum: (value, bound) => value < bound,
  maxLength: (value, bound) => [...value].length <= bound,
  minItems: (value, bound) => value.length >= bound,
  maxItems: (value, bound) => value.length <= bound,
  enum: (value, cases) => cases.includes(value),
};

/**
 * The first fault of `value`, or null.
 * @param {AnySchema} schema
 * @param {any} value
 * @param {string} [pointer]
 * @returns {Fault | null}
 */
export function fault(schema, value, pointer = "") {
  if (schema.type !== undefined && !TYPES[schema.type]?.(value)) {
    return { pointer, message: `must be of type ${schema.type}, is ${JSON.stringify(value)?.slice(0, 40)}` };
  }
  const broken = Object.keys(RULES).find((rule) => rule in schema && !RULES[rule]?.(value, schema[rule]));
  if (broken !== undefined) {
    return { pointer, message: `breaks the rule ${broken}: ${JSON.stringify(schema[broken])}` };
  }
  return faultInside(schema, value, pointer);
}

/**
 * @param {AnySchema} schema
 * @param {any} value
 * @param {string} pointer
 */
function faultInside(schema, value, pointer) {
  if (schema.type === "array") {
    return first(value.map((/** @type {any} */ item, /** @type {number} */ index) => [index, schema.items, item]), pointer);
  }
  if (schema.type !== "object") return null;
  const missing = (schema.required ?? []).find((/** @type {string} */ name) => !(name in value));
  if (missing !== undefined) return { pointer: `${pointer}/${missing}`, message: "is missing" };
  const unknown = Object.keys(value).find((name) => !(name in schema.properties));
  if (unknown !== undefined) return { pointer: `${pointer}/${unknown}`, message: "is not known" };
  return first(Object.keys(value).map((name) => [name, schema.properties[name], value[name]]), pointer);
}

/**
 * @param {[string | number, AnySchema, any][]} parts
 * @param {string} pointer
 */
function first(parts, pointer) {
  for (const [key, schema, value] of parts) {
    const found = fault(schema, value, `${pointer}/${key}`);
    if (found) return found;
  }
  return null;
}

/**
 * `value` with a list of one where the schema has a list: Octave writes a vector of one as a number.
 * @param {AnySchema} schema
 * @param {any} value
 * @returns {any}
 */
export function withLists(schema, value) {
  if (schema.type === "array") {
    const items = Array.isArray(value) ? value : [value];
    return items.map((item) => withLists(schema.items, item));
  }
  if (schema.type !== "object" || !TYPES.object?.(value)) return value;
  const parts = Object.entries(value).map(([name, part]) => [name, withLists(schema.properties[name] ?? {}, part)]);
  return Object.fromEntries(parts);
}

/**
 * `params` with the defaults of what they leave out.
 * @param {AnySchema} schema
 * @param {Record<string, unknown>} params
 */
export function withDefaults(schema, params) {
  const named = Object.entries(schema.properties ?? {}).filter(([, property]) => "default" in property);
  return { ...Object.fromEntries(named.map(([name, property]) => [name, property.default])), ...params };
}
