import { describe, expect, it } from 'vitest';

import { params, pattern } from './paths';

describe('paths', () => {
  it.each([
    ['/', '/', {}],
    ['/runs', '/runs', {}],
    ['/runs', '/runs/', {}],
    ['/runs', '/runs/1', undefined],
    ['/runs', '/other/runs', undefined],
    ['/runs/:id', '/runs/0199', { id: '0199' }],
    ['/runs/:id', '/runs/', undefined],
    ['/runs/:id', '/runs/a/b', undefined],
    ['/pipelines/:pipeline/new', '/pipelines/heat%401.0.0/new', { pipeline: 'heat@1.0.0' }],
    ['/pipelines/:pipeline/new', '/pipelines/new', undefined],
    ['/plugins/:name/:version', '/plugins/a%2Fb/1.0.0', { name: 'a/b', version: '1.0.0' }],
    ['/runs/:id', '/runs/%zz', undefined],
  ])('like %s: %s gives %o', (like, path, told) => expect(params(pattern(like), path)).toEqual(told));
});
