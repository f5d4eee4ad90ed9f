import { describe, expect, it } from 'vitest';

import { at, pointer, put, same, steps, without } from './pointer';
import { type Schema, beginning, defaultText, range, resolved, variantOf, widget } from './schema';
import { numbersIn, typed, uuid7 } from './typed';

describe('pointers', () => {
  it('escape what has a meaning', () => {
    expect(pointer(['a/b', 'c~d', 0])).toBe('/a~1b/c~0d/0');
    expect(steps('/a~1b/c~0d/0')).toEqual(['a/b', 'c~d', '0']);
  });

  it('put and leave out by copying', () => {
    const value = { a: { b: 1 }, list: [1, 2, 3] };
    expect(put(value, ['a', 'c'], 2)).toEqual({ a: { b: 1, c: 2 }, list: [1, 2, 3] });
    expect(put(undefined, ['x', 'y'], 1)).toEqual({ x: { y: 1 } });
    expect(without(value, ['list', 1])).toEqual({ a: { b: 1 }, list: [1, 3] });
    expect(without(value, ['a', 'b'])).toEqual({ a: {}, list: [1, 2, 3] });
    expect(value).toEqual({ a: { b: 1 }, list: [1, 2, 3] });
  });

  it('find nothing that an object did not say itself', () => {
    expect(at({}, ['constructor'])).toBeUndefined();
    expect(put({}, ['__proto__'], { evil: 1 })).not.toHaveProperty('evil');
  });

  it('equal JSON is equal in any order', () => {
    expect(same({ a: 1, b: [2] }, { b: [2], a: 1 })).toBe(true);
    expect(same({ a: 1 }, { a: 1, b: undefined })).toBe(false);
    expect(same(0, null)).toBe(false);
  });
});

describe('schemas', () => {
  const root: Schema = { $defs: { length: { type: 'number', 'x-unit': 'm' }, loop: { $ref: '#/$defs/loop' } } };

  it.each<[Schema, string]>([
    [{ type: 'number' }, 'number'],
    [{ $ref: '#/$defs/length' }, 'number'],
    [{ type: ['integer', 'null'] }, 'number'],
    [{ anyOf: [{ type: 'boolean' }, { type: 'null' }] }, 'flag'],
    [{ enum: ['a', 1] }, 'choice'],
    [{ oneOf: [{ const: 'a' }, { const: 'b' }] }, 'choice'],
    [{ oneOf: [{ type: 'object' }, { type: 'string' }] }, 'variants'],
    [{ type: 'string', maxLength: 20 }, 'text'],
    [{ type: 'string', maxLength: 1_048_576 }, 'long-text'],
    [{ type: 'object' }, 'json'],
    [{ type: 'object', properties: { a: {} } }, 'object'],
    [{ type: 'array', items: { type: 'number' } }, 'numbers'],
    [{ type: 'array', items: { type: 'string' } }, 'list'],
    [{ type: 'array', items: { type: 'array' } }, 'json'],
    [{}, 'json'],
    [{ $ref: '#/$defs/loop' }, 'json'],
    [{ $ref: 'https://elsewhere.example/schema' }, 'json'],
  ])('%j is entered as %s', (schema, kind) => expect(widget(resolved(schema, root), root)).toBe(kind));

  it('take in allOf', () => {
    const schema = resolved({ allOf: [{ properties: { a: {} }, required: ['a'] }], properties: { b: {} }, required: ['b'] }, root);
    expect(Object.keys(schema.properties ?? {})).toEqual(['a', 'b']);
    expect(schema.required).toEqual(['a', 'b']);
  });

  it('say their range and default', () => {
    expect(range({ type: 'number', exclusiveMinimum: 0, maximum: 1000 })).toBe('more than 0, at most 1000');
    expect(range({ type: 'integer', minimum: 4, multipleOf: 2 })).toBe('at least 4, a multiple of 2');
    expect(defaultText({ default: 9.7e-5, 'x-unit': 'm2/s' })).toBe('9.7×10⁻⁵ m²/s');
    expect(defaultText({ default: ['**'] })).toBe('**');
    expect(defaultText({ default: [] })).toBe('');
  });

  it('find the variant a value is of', () => {
    const variants: Schema[] = [
      { type: 'object', properties: { kind: { const: 'a' } }, required: ['kind'] },
      { type: 'object', properties: { kind: { const: 'b' } }, required: ['kind'] },
      { type: 'number' },
    ];
    expect(variantOf({ kind: 'b' }, variants, root)).toBe(1);
    expect(variantOf(3, variants, root)).toBe(2);
    expect(variantOf('x', variants, root)).toBe(-1);
    expect(beginning(variants[1] as Schema, root)).toEqual({ kind: 'b' });
  });
});

describe('what is typed', () => {
  it.each([0.05, 9.7e-5, 1e-9, 12_345_678, 60_000, -3.1, 1e21, 5e-324])('%d reads back as the same number', (value) => {
    expect(Number(typed(value))).toBe(value);
  });

  it('a column of a table is a list of numbers', () => {
    expect(numbersIn('1\n2.5\r\n\t3e-2, −4;5')).toEqual({ values: [1, 2.5, 0.03, -4, 5] });
    expect(numbersIn('1 two 3')).toEqual({ wrong: 'two', place: 2 });
    expect(numbersIn('')).toEqual({ values: [] });
  });

  it('ids are UUIDs of version 7 and sort by time', () => {
    const [one, other] = [uuid7(1_700_000_000_000), uuid7(1_700_000_000_001)];
    expect(one).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(one < other).toBe(true);
  });
});

describe('a form', () => {
  it('changes the default of an object field by field', async () => {
    const { FormModel } = await import('./model.svelte');
    const force = { type: 'object', properties: { mean: { type: 'number' }, cv: { type: 'number' } }, default: { mean: 1, cv: 0.1 } };
    const form = new FormModel({ properties: { force } }, {});
    form.set(['force', 'mean'], 2);
    expect(form.value).toEqual({ force: { mean: 2, cv: 0.1 } });
    form.set(['force'], undefined);
    expect(form.value).toEqual({});
  });

  it('tells what the host refused where it was, until that is changed', async () => {
    const { FormModel } = await import('./model.svelte');
    const form = new FormModel({}, { a: 1 });
    form.tried = true;
    form.refused([{ pointer: '/a', message: 'too small' }, { pointer: '', message: 'no b' }]);
    expect([form.error(['a']), form.general]).toEqual(['too small', 'no b']);
    form.set(['a'], 2);
    expect(form.error(['a'])).toBeUndefined();
  });
});
