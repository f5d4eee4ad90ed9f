// What somebody types into a field that has a unit: a number, or a number with a unit of its own.
import { unit as readable } from '../format/unit';

/** A number in the unit of its field, or why there is none. */
export type Quantity = { ok: true; value: number; converted: boolean } | { ok: false; error: string };

/** Converts between UCUM units; a sentence when it cannot. */
export type Convert = (value: number, from: string, to: string) => Promise<number | string>;

const NUMBER = /^([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*(.*)$/;
const POWER = /^([+-]?(?:\d+\.?\d*|\.\d+))\s*(?:[·×*]|x)\s*10\s*(?:\^|\*\*)?\s*([+-]?\d+|[⁺⁻]?[⁰¹²³⁴⁵⁶⁷⁸⁹]+)\s*(.*)$/;
const RAISED = '⁰¹²³⁴⁵⁶⁷⁸⁹';

// How people write units that UCUM spells otherwise.
const SPELLINGS: [RegExp, string][] = [
  [/[µμ]/g, 'u'],
  [/°\s*C|℃/g, 'Cel'],
  [/°\s*F|℉/g, '[degF]'],
  [/°/g, 'deg'],
  [/Ω|Ω/g, 'Ohm'],
  [/[·⋅*]/g, '.'],
  [/⁻/g, '-'],
  [/²/g, '2'],
  [/³/g, '3'],
  [/\^/g, ''],
  [/^(inch|inches|in)$/, '[in_i]'],
  [/^(ft|foot|feet)$/, '[ft_i]'],
  [/^psi$/, '[psi]'],
  [/^hours?$/, 'h'],
  [/^(sec|secs|seconds?)$/, 's'],
  [/^(minutes?|mins?)$/, 'min'],
  [/^days?$/, 'd'],
];

/** The UCUM spelling of a unit as people write it. */
export function ucum(unit: string): string {
  return SPELLINGS.reduce((text, [pattern, by]) => text.replace(pattern, by), unit.trim());
}

/** Parts of a typed quantity; the unit is empty when none was typed. */
export function split(text: string): { value: number; unit: string } | undefined {
  const typed = text.trim().replace(/^−/, '-');
  const power = POWER.exec(typed);
  if (power) {
    const exponent = (power[2] ?? '').replace(/[⁰¹²³⁴⁵⁶⁷⁸⁹]/g, (digit) => `${RAISED.indexOf(digit)}`);
    return finite(`${power[1]}e${exponent.replace('⁻', '-').replace('⁺', '')}`, power[3]);
  }
  const plain = NUMBER.exec(typed);
  return plain ? finite(plain[1] ?? '', plain[2]) : undefined;
}

function finite(number: string, unit = ''): { value: number; unit: string } | undefined {
  const value = Number(number);
  return Number.isFinite(value) ? { value, unit: unit.trim() } : undefined;
}

/**
 * Reads what was typed into a field of `unit`. The converter is loaded only when the text names
 * another unit.
 */
export async function parseQuantity(text: string, unit: string, convert: Convert = byUcum): Promise<Quantity> {
  const typed = split(text);
  if (!typed) return { ok: false, error: notANumber(text, unit) };
  if (typed.unit === '' || typed.unit === unit || ucum(typed.unit) === unit) {
    return { ok: true, value: typed.value, converted: false };
  }
  if (/^,\d/.test(typed.unit)) return { ok: false, error: `“${text.trim()}” has a comma: write the decimal point as a point` };
  if (unit === '' || unit === '1') {
    return { ok: false, error: `this value has no unit, and “${typed.unit}” was given` };
  }
  const value = await convert(typed.value, ucum(typed.unit), unit);
  if (typeof value === 'number') return { ok: true, value, converted: true };
  return { ok: false, error: `${typed.unit} cannot be converted to ${readable(unit)}: ${value}` };
}

function notANumber(text: string, unit: string): string {
  const example = unit && unit !== '1' ? `, as in 1.5e-3 or 20 ${readable(unit)}` : ', as in 0.05 or 1.5e-3';
  return text.trim() === '' ? `a number is needed${example}` : `“${text.trim()}” is no number${example}`;
}

async function byUcum(value: number, from: string, to: string): Promise<number | string> {
  const units = await import('./convert').catch(() => undefined);
  return units ? units.convert(value, from, to) : 'what converts it could not be fetched; type it again';
}
