import { describe, expect, it } from 'vitest';
import type { SchemaPluginSummary } from '../schema';
import { unfit } from './component';
import { difference } from './difference';
import { families, rollback } from './versions';
import { amount } from './words';

const version = (name: string, version: string, state: string) => ({ name, version, state }) as SchemaPluginSummary;

describe('a file', () => {
  const component = Uint8Array.of(0, 0x61, 0x73, 0x6d, 0x0d, 0, 1, 0);
  it('is sent when it may be a component', () => {
    expect(unfit(component, 1000, 2000)).toBeUndefined();
    expect(unfit(component, 1000, undefined)).toBeUndefined();
  });
  it('is not sent when it cannot be', () => {
    expect(unfit(new Uint8Array(), 0, 1)).toContain('empty');
    expect(unfit(new TextEncoder().encode('PK34567'), 9, 10)).toContain('no WebAssembly');
    expect(unfit(Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0), 9, 10)).toContain('not a component');
    expect(unfit(component, 3000, 2000)).toContain('larger');
  });
});

describe('versions', () => {
  const heat = [
    version('heat', '3.0.0-rc.1', 'active'),
    version('heat', '2.1.0', 'pending'),
    version('heat', '2.0.0', 'active'),
    version('heat', '1.5.0', 'retired'),
    version('heat', '1.0.0', 'active'),
  ];
  it('are served by the highest active release', () => {
    const [first, second] = families([...heat, version('other', '1.0.0', 'pending')]);
    expect(first).toMatchObject({ name: 'heat', serving: { version: '2.0.0' } });
    expect(second).toMatchObject({ name: 'other', serving: undefined });
  });
  it('go back from what serves to the active release before', () => {
    expect(rollback(heat)).toEqual({ from: '2.0.0', to: '1.0.0' });
    expect(rollback(heat.slice(0, 3))).toBeUndefined();
  });
});

describe('schemas', () => {
  it('differ by field and keyword', () => {
    const before = { properties: { a: { type: 'number', minimum: 0 }, gone: { type: 'string' } }, required: ['a'] };
    const now = { properties: { a: { type: 'number', minimum: 1 }, b: { items: { type: 'integer' } } }, required: ['a', 'b'] };
    expect(difference(before, now)).toEqual([
      { field: '/a', keyword: 'minimum', before: 0, now: 1 },
      { field: '/b/·', keyword: 'type', before: undefined, now: 'integer' },
      { field: '/b', keyword: 'required', before: undefined, now: true },
      { field: '/gone', keyword: 'type', before: 'string', now: undefined },
    ]);
    expect(difference(now, now)).toEqual([]);
    expect(difference(null, true)).toEqual([]);
  });
});

describe('what is asked for', () => {
  it.each([
    ['max_resources.cpu_milli', 1500, '1.5 cores'],
    ['max_resources.memory_mib', 256, '256 MiB'],
    ['max_resources.timeout_ms', 60_000, '1 min'],
    ['images', ['octave'], 'octave'],
    ['max_parallel', null, 'nothing'],
  ])('%s of %j is %s', (field, value, words) => expect(amount(field, value)).toBe(words));
});
