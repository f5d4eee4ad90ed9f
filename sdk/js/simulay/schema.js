// Describes parameters and results once: as JSON Schema for callers, as types for the author.

/** @import { Infer, Schema } from "./contract.js" */

/**
 * @typedef {{ description?: string, unit?: string, min?: number, max?: number, above?: number, below?: number,
 *   default?: number }} Range `unit` is a UCUM unit; `above` and `below` leave the bound itself out.
 */

/**
 * @param {string} title
 * @param {Range} [range]
 * @returns {Schema<number>}
 */
export function number(title, range = {}) {
  return compact({
    title,
    description: range.description,
    type: "number",
    minimum: range.min,
    maximum: range.max,
    exclusiveMinimum: range.above,
    exclusiveMaximum: range.below,
    default: range.default,
    "x-unit": range.unit,
  });
}

/**
 * @param {string} title
 * @param {Range} [range]
 * @returns {Schema<number>}
 */
export function integer(title, range) {
  return { ...number(title, range), type: "integer" };
}

/**
 * @param {string} title
 * @param {{ description?: string, default?: boolean }} [options]
 * @returns {Schema<boolean>}
 */
export function flag(title, options = {}) {
  return compact({ title, type: "boolean", ...options });
}

/**
 * @param {string} title
 * @param {{ description?: string, maxLength?: number, default?: string }} [options]
 * @returns {Schema<string>}
 */
export function text(title, options = {}) {
  return compact({ title, type: "string", ...options });
}

/**
 * @template {string} Case
 * @param {string} title
 * @param {readonly Case[]} cases
 * @param {{ description?: string, default?: NoInfer<Case> }} [options]
 * @returns {Schema<Case>}
 */
export function choice(title, cases, options = {}) {
  return compact({ title, type: "string", enum: [...cases], ...options });
}

/**
 * @template Item
 * @param {string} title
 * @param {Schema<Item>} items
 * @param {{ description?: string, minItems?: number, maxItems?: number, default?: Item[] }} [options]
 * @returns {Schema<Item[]>}
 */
export function list(title, items, options = {}) {
  return compact({ title, type: "array", items, ...options });
}

/**
 * An object of exactly these fields; those without a default are required.
 * @template {Record<string, Schema<any>>} Fields
 * @param {Fields} properties
 * @returns {Schema<{ [Name in keyof Fields]: Infer<Fields[Name]> }>}
 */
export function object(properties) {
  const required = Object.keys(properties).filter((name) => properties[name]?.["default"] === undefined);
  return { type: "object", properties, required, additionalProperties: false };
}

/** @param {Record<string, unknown>} schema */
function compact(schema) {
  return Object.fromEntries(Object.entries(schema).filter(([, value]) => value !== undefined));
}
