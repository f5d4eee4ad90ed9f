import { describe, expect, it } from 'vitest';

import { lastLines, told } from '../calls/ending';
import { bars } from '../calls/timeline';
import { cells } from '../files/kinds';
import { decoded, safe } from '../markdown/links';
import { entries, paired } from '../outcome';
import type { SchemaAsked, SchemaCall, SchemaEvent } from '../schema';

const resources = { cpu_milli: 1000, memory_mib: 256, scratch_mib: 64, timeout_ms: 60_000 };
const call = { step: 0, call: 0, attempt: 0, name: 'plate', resources } as unknown as SchemaCall;

describe('how a call ended', () => {
  it('is told in words, with its cure', () => {
    expect(told({ exited: 0 }, call as SchemaAsked)).toEqual({ words: 'exited with 0', good: true });
    expect(told('out_of_memory', call as SchemaAsked)).toEqual({
      words: 'needed more than 256 MiB of memory',
      good: false,
      cure: 'raise `memory_mib`',
    });
    expect(lastLines('1\n2\n3\n\n', 2)).toBe('2\n3');
  });

  it('is a bar from its events, with the time it waited', () => {
    const event = (sequence: number, at: number, kind: string, data: object) =>
      ({ run: 'r', sequence, at: new Date(at).toISOString(), kind, data }) as SchemaEvent;
    const events = [
      event(1, 0, 'run.queued', {}),
      event(2, 1_000, 'run.started', {}),
      event(3, 1_100, 'step.planned', { step: 0, calls: ['plate'] }),
      event(4, 1_300, 'call.started', { step: 0, call: 0, attempt: 0 }),
      event(5, 2_000, 'call.ended', { step: 0, call: 0 }),
      event(6, 2_100, 'run.ended', { state: 'succeeded' }),
    ];
    const { bars: made, length } = bars([call], events, 9_999);
    expect(length).toBe(1_100);
    expect(made[0]?.parts).toEqual([
      { what: 'waiting', from: 100, to: 300, open: false, attempt: 0 },
      { what: 'working', from: 300, to: 1_000, open: false, attempt: 0 },
    ]);
  });
});

describe('outcomes', () => {
  it('have their values in the order of the schema, the exact ones beside the computed', () => {
    const schema = { properties: { b_K: { 'x-unit': 'K' }, b_analytic_K: { 'x-unit': 'K' }, a: {} } };
    const rows = paired(entries({ a: 1, other: 'x', b_analytic_K: 2, b_K: 2.5 }, schema));
    expect(rows.map(({ name }) => name)).toEqual(['b_K', 'a', 'other']);
    expect(rows[0]?.exact).toEqual({ name: 'b_analytic_K', value: 2 });
    expect(entries(null, schema)).toEqual([]);
  });
});

describe('tables', () => {
  it('have commas, tabs or semicolons between cells, and quotes around those that hold them', () => {
    expect(cells('a,b\n1,"x, ""y"""\r\n2,', 10)).toEqual([['a', 'b'], ['1', 'x, "y"'], ['2', '']]);
    expect(cells('a\tb\n1,5\t2', 10)).toEqual([['a', 'b'], ['1,5', '2']]);
    expect(cells('1\n2\n3', 2)).toEqual([['1'], ['2']]);
  });
});

describe('links of strangers', () => {
  it('lead to the web or nowhere', () => {
    expect(safe('https://example.org/a')).toBe('https://example.org/a');
    for (const evil of ['javascript:alert(1)', 'http://example.org', 'data:text/html,x', '//x', '/v1/runs', 'java\nscript:x']) {
      expect(safe(evil)).toBeUndefined();
    }
    expect(decoded('a &lt;b&gt; &amp;amp;')).toBe('a <b> &amp;');
  });
});
