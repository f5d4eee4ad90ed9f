import { describe, expect, it } from 'vitest';
import { columns, isLabelled, logTicks, nearest, step, tickText, wanders } from './columns';
import { firstRows, records } from './csv';
import { figures } from './figure';
import { formatRange, parseRange, zoomed } from './range';

const series = (x: number[], y: (number | null)[], name = 'u') => ({ name, x, y, of: x.length });

describe('columns', () => {
  it('share an equal x, and join others', () => {
    expect(columns([series([1, 2], [3, 4]), series([1, 2], [5, 6])], 'linear', 'linear')).toEqual({
      x: [1, 2],
      ys: [[3, 4], [5, 6]],
      leftOut: 0,
    });
    expect(columns([series([1, 3], [1, 3]), series([2, 3], [2, 4])], 'linear', 'linear')).toEqual({
      x: [1, 2, 3],
      ys: [[1, undefined, 3], [undefined, 2, 4]],
      leftOut: 0,
    });
    expect(columns([], 'linear', 'linear').x).toEqual([]);
  });

  it('leave out what a log axis cannot show, and count it', () => {
    const made = columns([series([-1, 0, 1e-9, 1e9], [1, 1, -2, 1e9])], 'log', 'log');
    expect(made).toEqual({ x: [1e-9, 1e9], ys: [[null, 1e9]], leftOut: 3 });
  });

  it('are sorted', () => {
    expect(columns([series([2, 1], [20, 10])], 'linear', 'linear')).toMatchObject({ x: [1, 2], ys: [[10, 20]] });
  });

  it('wander when x goes back and forth', () => {
    expect([[1, 2, 2, 3], [3, 2, 1], [], [1]].map(wanders)).toEqual([false, false, false, false]);
    expect(wanders([1, 2, 1])).toBe(true);
  });

  it('are walked through over gaps', () => {
    const y = [1, null, undefined, 4, 5];
    expect(step(y, 0, 1)).toBe(3);
    expect(step(y, 4, -10)).toBe(0);
    expect(step(y, 4, 1)).toBe(4);
    expect(nearest([0, 1, 2, 3, 4], y, 1.9)).toBe(3);
    expect(nearest([0], [null], 0)).toBe(-1);
  });
});

describe('a log axis', () => {
  it('has ticks in each decade, and fewer over many', () => {
    expect(logTicks(0.5, 20)).toEqual([0.5, 0.6, 0.7, 0.8, 0.9, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 20]);
    expect(logTicks(1e-9, 1e9)).toContain(1e-9);
    expect(logTicks(1e-9, 1e9).length).toBeLessThan(20);
    expect(isLabelled(0.1, 1e-3, 1)).toBe(true);
    expect(isLabelled(5, 1, 9)).toBe(true);
    expect(isLabelled(5, 1e-3, 9)).toBe(false);
  });
});

describe('a tick', () => {
  it.each([
    [0, '0'],
    [0.25, '0.25'],
    [200_000, '200\u202f000'],
    [1e9, '10⁹'],
    [-1e6, '−10⁶'],
    [2.5e12, '2.5×10¹²'],
  ])('%d is %s', (tick, text) => expect(tickText(tick)).toBe(text));

  it('is a power of ten on a log axis', () => {
    expect([1e-9, 0.001, 0.1, 10, 1e5, 2e5].map((tick) => tickText(tick, 'log'))).toEqual(['10⁻⁹', '10⁻³', '0.1', '10', '10⁵', '2×10⁵']);
  });
});

describe('curves of unlike units', () => {
  it('have a figure each', () => {
    const curve = (name: string, unit: string) => ({ name, unit, x: [0], y: [1], of: 1 });
    const x = { name: 't', unit: 's' };
    const made = figures({ title: 'P', x, series: [curve('a', 'm'), curve('T', 'K'), curve('b', 'm')] });
    expect(made.map(({ title, y, series }) => [title, y, series.length])).toEqual([
      ['P · a, b', { name: '', unit: 'm' }, 2],
      ['P · T', { name: 'T', unit: 'K' }, 1],
    ]);
    expect(figures({ title: 'P', x, series: [curve('a', 'm')] })[0]).toMatchObject({ title: 'P', y: { name: 'a' } });
  });
});

describe('a range', () => {
  it('comes back from the address to the last digit', () => {
    const range = { from: 0.1 + 0.2, to: 1e21 };
    expect(parseRange(formatRange(range))).toEqual(range);
    expect(parseRange(formatRange({ from: -1e-9, to: 3 }))).toEqual({ from: -1e-9, to: 3 });
    for (const bad of [null, '', '1', '2~1', 'a~b', '1~2~3', '1~Infinity']) expect(parseRange(bad)).toBeUndefined();
  });

  it('stays within the whole', () => {
    const whole = { from: 0, to: 10 };
    expect(zoomed({ from: 0, to: 10 }, whole, 5, 0.5)).toEqual({ from: 2.5, to: 7.5 });
    expect(zoomed({ from: 2, to: 8 }, whole, 5, 4)).toEqual(whole);
  });
});

describe('CSV', () => {
  it('is read with quotes and odd line ends', () => {
    expect(records('a,"b, c"\r\n"say ""x""",\n')).toEqual([['a', 'b, c'], ['say "x"', ''], ['']]);
  });

  it('is read no further than its first rows', async () => {
    let sent = 0;
    const endless = new ReadableStream<Uint8Array>({
      pull(to) {
        sent += 1;
        to.enqueue(new TextEncoder().encode(sent === 1 ? 'x,y\n' : '1,2\n'.repeat(100)));
      },
    });
    const table = await firstRows(endless, 250);
    expect(table).toMatchObject({ head: ['x', 'y'], more: true });
    expect(table.rows).toHaveLength(250);
    expect(sent).toBeLessThan(12);
  });
});
