import { describe, expect, it } from 'vitest';

import { bytes, number, percent, signed } from './number';
import { ago, span } from './time';
import { unit, withUnit } from './unit';

describe('numbers', () => {
  it.each([
    [0, '0'],
    [0.05, '0.05'],
    [-2.5, '−2.5'],
    [60000, '60\u202f000'],
    [9999, '9999'],
    [9.7e-5, '9.7×10⁻⁵'],
    [1e-9, '10⁻⁹'],
    [2.1e11, '2.1×10¹¹'],
    [12_345_678, '12\u202f345\u202f678'],
    [6.02214e23, '6.02214×10²³'],
    [304.35567735524637, '304.356'],
    [2902482255939173, '2.90248×10¹⁵'],
    [NaN, 'NaN'],
    [-Infinity, '−∞'],
  ])('%d is %s', (value, text) => expect(number(value)).toBe(text));

  it('differences are signed, ratios in percent', () => {
    expect(signed(0.02)).toBe('+0.02');
    expect(signed(-1.5)).toBe('−1.5');
    expect(percent(0.125)).toBe('12.5\u202f%');
  });

  it('bytes are counted by thousands', () => {
    expect(bytes(870)).toBe('870 B');
    expect(bytes(89_583)).toBe('89.6 kB');
    expect(bytes(999_999)).toBe('1 MB');
  });
});

describe('units', () => {
  it.each([
    ['m', 'm'],
    ['m2/s', 'm²/s'],
    ['W/(m.K)', 'W/(m·K)'],
    ['Cel', '°C'],
    ['1', ''],
    ['/s', '/s'],
    ['MiBy', 'MiB'],
    ['s-1', 's⁻¹'],
    ['um', 'µm'],
  ])('%s is %s', (code, text) => expect(unit(code)).toBe(text));

  it('stands behind its value, apart by a space that does not break', () => {
    expect(withUnit('0.05', 'm')).toBe('0.05\u202fm');
    expect(withUnit('3', undefined)).toBe('3');
  });
});

describe('times', () => {
  it.each([
    [320, '320 ms'],
    [4_200, '4.2 s'],
    [59_960, '1 min'],
    [65_000, '1 min 05 s'],
    [300_000, '5 min'],
    [7_800_000, '2 h 10 min'],
    [200_000_000, '2 d 08 h'],
  ])('%d ms are %s', (ms, text) => expect(span(ms)).toBe(text));

  it('are told from now', () => {
    expect(ago(1_000, 3_000)).toBe('just now');
    expect(ago(0, 180_000)).toBe('3 min. ago');
  });
});
