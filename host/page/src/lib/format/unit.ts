const NAMES: Record<string, string> = {
  '1': '',
  Cel: '°C',
  K: 'K',
  Ohm: 'Ω',
  deg: '°',
  '[in_i]': 'in',
  '[ft_i]': 'ft',
  '%': '%',
  By: 'B',
  MiBy: 'MiB',
  a: 'yr',
};
const POWERS: Record<string, string> = { '-': '⁻', '0': '⁰', '1': '¹', '2': '²', '3': '³', '4': '⁴', '5': '⁵', '6': '⁶' };

/** A unit of UCUM as people write it: `W/(m.K)` is `W/(m·K)`, `m2` is `m²`, `Cel` is `°C`, `1` is nothing. */
export function unit(code: string | null | undefined): string {
  if (!code) return '';
  return code
    .split(/([./()])/)
    .map((part) => (part === '.' ? '·' : atom(part)))
    .join('');
}

function atom(part: string): string {
  if (part in NAMES) return NAMES[part] ?? part;
  const [, name, power] = /^(\D+?)([+-]?\d+)$/.exec(part) ?? [];
  if (!name || !power) return part.startsWith('u') && part.length > 1 ? `µ${part.slice(1)}` : part;
  return atom(name) + [...power.replace('+', '')].map((sign) => POWERS[sign] ?? sign).join('');
}

/** A value with its unit: `0.05 m`, `20 °C`. */
export function withUnit(value: string, code: string | null | undefined): string {
  const shown = unit(code);
  return shown ? `${value}\u202f${shown}` : value;
}
