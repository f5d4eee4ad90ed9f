// Conversion by UCUM. Heavy: loaded when somebody types a unit other than the field's.
import { UcumLhcUtils } from '@lhncbc/ucum-lhc';

/** The value in the other unit, or why it cannot be told. */
export function convert(value: number, from: string, to: string): number | string {
  const found = UcumLhcUtils.getInstance().convertUnitTo(from, value, to);
  if (found.status === 'succeeded' && typeof found.toVal === 'number') return rounded(found.toVal);
  return known(from) ? `they measure different things` : `“${from}” is no unit that is known here`;
}

function known(unit: string): boolean {
  return UcumLhcUtils.getInstance().validateUnitString(unit).status === 'valid';
}

// 20 mm are 0.02 m, not 0.020000000000000004: factors of a table have no more digits than this.
function rounded(value: number): number {
  return Number(value.toPrecision(14));
}
