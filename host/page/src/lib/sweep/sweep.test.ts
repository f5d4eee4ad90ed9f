import { describe, expect, it } from 'vitest';
import type { Schema } from '../form/schema';
import { isNumber, scalars } from './fields';
import { colour, ends, ticks } from './scatter';
import { method, pointsOf, read, row } from './vary';
import { allCounts, isOver } from './wire';

const schema: Schema = {
  type: 'object',
  properties: {
    width: { type: 'number', 'x-unit': 'm', default: 0.1, minimum: 0.08 },
    material: { $ref: '#/$defs/material' },
    solver: { enum: ['cg', 'lu'] },
    list: { type: 'array', items: { type: 'number' } },
  },
  $defs: { material: { type: 'object', title: 'Material', properties: { 'k/m': { type: 'number', 'x-unit': 'W/(m.K)' } } } },
};
const fields = scalars(schema);
const width = fields[0]!;
const solver = fields[2]!;

describe('what can vary', () => {
  it('are the scalars in their order, by pointer', () => {
    expect(fields.map(({ pointer, title, unit }) => [pointer, title, unit])).toEqual([
      ['/width', 'width', 'm'],
      ['/material/k~1m', 'Material › k/m', 'W/(m.K)'],
      ['/solver', 'solver', ''],
    ]);
    expect(fields.map(isNumber)).toEqual([true, true, false]);
  });
});

describe('a row', () => {
  it('begins around the default and within its range', () => {
    expect(row(width, true)).toMatchObject({ from: '0.08', to: '0.2', kind: 'range' });
    expect(row(solver, false)).toMatchObject({ list: '"cg", "lu"', kind: 'list' });
  });
  it('is read with units', async () => {
    const typed = { ...row(width, true), from: '80 mm', to: '0.2', steps: '4', scale: 'log' as const };
    expect(await read(typed, width, 'grid')).toEqual({ variation: { range: { from: 0.08, to: 0.2, steps: 4, scale: 'log' } } });
    expect(await read(typed, width, 'sobol')).toEqual({ variation: { range: { from: 0.08, to: 0.2, scale: 'log' } } });
  });
  it('is read as a list', async () => {
    expect(await read({ ...row(width, true), kind: 'list', list: '1 cm; 0.5, 2' }, width, 'grid')).toEqual({ variation: { list: [0.01, 0.5, 2] } });
    expect(await read(row(solver, false), solver, 'grid')).toEqual({ variation: { list: ['cg', 'lu'] } });
    expect(await read({ ...row(solver, false), list: 'cg, lu' }, solver, 'grid')).toEqual({ variation: { list: ['cg', 'lu'] } });
  });
  it('says what is wrong with it', async () => {
    expect(await read({ ...row(width, true), from: '5 s' }, width, 'grid')).toMatchObject({ wrong: expect.stringContaining('converted') });
    expect(await read({ ...row(width, true), steps: '1.5' }, width, 'grid')).toMatchObject({ wrong: expect.stringContaining('whole') });
    expect(await read({ ...row(width, true), kind: 'list', list: ' ' }, width, 'grid')).toMatchObject({ wrong: expect.stringContaining('no values') });
  });
});

describe('a design', () => {
  it('has so many points', () => {
    const parameters = { '/a': { list: [1, 2, 3] }, '/b': { range: { from: 0, to: 1, steps: 4 } } };
    expect(pointsOf({ grid: {} }, parameters)).toBe(12);
    expect(pointsOf({ sobol: { points: 64 } }, parameters)).toBe(64);
    expect(pointsOf({ csv: { text: 'a\n1' } }, {})).toBeUndefined();
    expect(method('sobol', '64', '')).toEqual({ sobol: { points: 64 } });
    expect(method('random', 'x', '')).toHaveProperty('wrong');
    expect(method('csv', '', ' ')).toHaveProperty('wrong');
  });
});

describe('counts', () => {
  it('tell of every state, none left out', () => {
    expect(Object.fromEntries(allCounts({ succeeded: 3, failed: 1, waiting: 6 }))).toMatchObject({ succeeded: 3, failed: 1, queued: 0, waiting: 6 });
    expect([isOver('running'), isOver('ended')]).toEqual([false, true]);
  });
});

describe('the plane', () => {
  it('has round ticks and honest ends', () => {
    expect(ticks(0, 1)).toEqual([0, 0.2, 0.4, 0.6, 0.8, 1]);
    expect(ticks(3, 3)).toEqual([3]);
    expect(ends([2, 1, 3])).toEqual([1, 3]);
    expect(ends([5])).toEqual([4.5, 5.5]);
    expect(ends([])).toEqual([0, 1]);
    expect([colour(-1), colour(2)]).toEqual(['oklch(0.340 0.110 285.000)', 'oklch(0.900 0.170 105.000)']);
  });
});
