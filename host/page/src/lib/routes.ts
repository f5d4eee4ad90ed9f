// The routes of the host as its OpenAPI document tells them, in `schema.d.ts`, and those that it gets.
import type { Expected } from './expected';
import type { paths } from './schema';

export type Routes = Omit<paths, keyof Expected> & Expected;
