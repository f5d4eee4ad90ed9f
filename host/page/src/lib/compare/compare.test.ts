import { describe, expect, it } from 'vitest';
import { overlays } from './overlay';
import { question, withRun, without } from './question';

const a = '019ae2f0-0000-7000-8000-00000000000a';
const b = '019ae2f0-0000-7000-8000-00000000000b';

describe('a comparison in the address', () => {
  it('has each run once, and a base among them', () => {
    expect(question(new URLSearchParams(`runs=${a},${b},${a}&base=${b}&tolerance=0.01`))).toEqual({
      runs: [a, b],
      base: b,
      all: false,
      tolerance: 0.01,
      transposed: false,
    });
    expect(question(new URLSearchParams(`runs=${a}&base=nobody&tolerance=-1`))).toMatchObject({ base: a, tolerance: 1e-6 });
    expect(question(new URLSearchParams())).toMatchObject({ runs: [], base: undefined });
  });

  it('gets and loses runs', () => {
    const asked = question(new URLSearchParams(`runs=${a},${b}&base=${b}`));
    expect(without(asked, b)).toEqual({ runs: a, base: null });
    expect(without(asked, a)).toEqual({ runs: b, base: b });
    expect(withRun(question(new URLSearchParams(`runs=${a}`)), `https://host/runs/${b}?tab=log`)).toBe(`${a},${b}`);
    expect(withRun(asked, 'nothing')).toBeUndefined();
    expect(withRun(asked, a)).toBeUndefined();
  });
});

describe('curves', () => {
  const x = { name: 'x', unit: 'm' };
  it('lie over each other with the base thick, and say why one does not', () => {
    const plot = {
      title: 'T',
      x,
      at: [0, 1],
      series: [{ name: 'u', unit: 'K', curves: [{ y: [1, 2] }, { y: null, note: 'is in s, not in K' }, { y: [2, 4], largest: { x: 1, delta: 2 } }] }],
    };
    const [made] = overlays([plot], ['one', 'two', 'three'], 0);
    expect(made?.numbers.series.map(({ name }) => name)).toEqual(['one', 'three']);
    expect(made?.looks.map(({ thick, colour }) => [thick, colour])).toEqual([[true, 0], [false, 2]]);
    expect(made?.notes).toEqual(['two: is in s, not in K', 'three: farthest from the base by +2\u202fK at x = 1\u202fm']);
  });
});
