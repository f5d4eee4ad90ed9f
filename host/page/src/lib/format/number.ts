const SUPERSCRIPT: Record<string, string> = {
  '-': '⁻',
  '0': '⁰',
  '1': '¹',
  '2': '²',
  '3': '³',
  '4': '⁴',
  '5': '⁵',
  '6': '⁶',
  '7': '⁷',
  '8': '⁸',
  '9': '⁹',
};
const MINUS = '−';
// A thin space that does not break.
const GROUP = '\u202f';

function raised(text: string): string {
  return [...text].map((sign) => SUPERSCRIPT[sign] ?? sign).join('');
}

/** A number for eyes: `0.052`, `12 400`, `1.3×10⁻⁵`; never rounded below `digits` significant ones. */
export function number(value: number, digits = 6): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? 'NaN' : value > 0 ? '∞' : `${MINUS}∞`;
  if (value === 0) return '0';
  const size = Math.abs(value);
  const sign = value < 0 ? MINUS : '';
  if (Number.isInteger(value) && size < 1e15 && !isRound(size)) return sign + grouped(String(size));
  if (size < 1e-3 || size >= 1e7) return sign + scientific(size, digits);
  return sign + grouped(String(Number(size.toPrecision(digits))));
}

// Many zeros are counted by nobody: 2.1×10¹¹, but 2 902 482 255.
function isRound(size: number): boolean {
  return size >= 1e7 && String(size).replace(/0+$/, '').length <= 4;
}

function scientific(size: number, digits: number): string {
  const [mantissa = '1', exponent = '0'] = size.toExponential(digits - 1).split('e');
  const power = `10${raised(exponent.replace('+', ''))}`;
  const short = String(Number(mantissa));
  return short === '1' ? power : `${short}×${power}`;
}

function grouped(text: string): string {
  const [whole = '0', fraction] = text.split('.');
  const groups = whole.length > 4 ? whole.replace(/\B(?=(\d{3})+$)/g, GROUP) : whole;
  return fraction === undefined ? groups : `${groups}.${fraction}`;
}

/** A signed difference: `+0.02`, `−1.5`. */
export function signed(value: number, digits = 4): string {
  return value > 0 ? `+${number(value, digits)}` : number(value, digits);
}

/** A ratio in percent: `12.5 %`. */
export function percent(ratio: number, digits = 3): string {
  return `${number(ratio * 100, digits)}\u202f%`;
}

const SIZES = ['B', 'kB', 'MB', 'GB', 'TB'];

/** A number of bytes: `12.3 kB`, of a thousand each. */
export function bytes(count: number): string {
  let size = count;
  let unit = 0;
  while (size >= 999.5 && unit < SIZES.length - 1) {
    size /= 1000;
    unit += 1;
  }
  return `${number(size, 3)} ${SIZES[unit]}`;
}
