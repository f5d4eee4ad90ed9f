import { describe, expect, it } from 'vitest';
import { convert } from './convert';
import { parseQuantity, split } from './quantity';

describe('what is typed into a field with a unit', () => {
  it.each([
    ['1e-9', 1e-9],
    ['3.10', 3.1],
    ['0.05', 0.05],
    ['−2.5', -2.5],
    ['1.5·10⁻³', 1.5e-3],
    ['2 x 10^6', 2e6],
    ['.5', 0.5],
    ['1e-9 m', 1e-9],
  ])('%s is %d', async (text, value) => {
    expect(await parseQuantity(text, 'm')).toEqual({ ok: true, value, converted: false });
  });

  it.each([
    ['20 mm', 'm', 0.02],
    ['20mm', 'm', 0.02],
    ['10 µm', 'm', 1e-5],
    ['20 °C', 'K', 293.15],
    ['1 GPa', 'Pa', 1e9],
    ['1 in', 'm', 0.0254],
    ['90 °', 'rad', 1.5707963267949],
    ['36 km/h', 'm/s', 10],
    ['2 cm²', 'm2', 2e-4],
  ])('%s in %s is %d', async (text, unit, value) => {
    expect(await parseQuantity(text, unit)).toEqual({ ok: true, value, converted: true });
  });

  it('names both units when they measure different things', async () => {
    const found = await parseQuantity('5 s', 'm');
    expect(found).toMatchObject({ ok: false });
    expect(found).toHaveProperty('error', 's cannot be converted to m: they measure different things');
  });

  it('says what it does not know', async () => {
    expect(await parseQuantity('5 furlongz', 'm')).toMatchObject({ ok: false, error: expect.stringContaining('no unit that is known') });
    expect(await parseQuantity('thick', 'm')).toMatchObject({ ok: false, error: expect.stringContaining('no number') });
    expect(await parseQuantity('', 'm')).toMatchObject({ ok: false, error: expect.stringContaining('needed') });
    expect(await parseQuantity('1,5', 'm')).toMatchObject({ ok: false, error: expect.stringContaining('comma') });
    expect(await parseQuantity('5 m', '')).toMatchObject({ ok: false, error: expect.stringContaining('no unit') });
    expect(split('1e999')).toBeUndefined();
  });

  it('keeps every converted value to the digits of its factor', () => {
    expect(convert(20, 'mm', 'm')).toBe(0.02);
    expect(convert(1, 'm', 's')).toBeTypeOf('string');
  });
});
