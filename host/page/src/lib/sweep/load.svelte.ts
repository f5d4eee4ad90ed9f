import { fetched } from '../api';
import { href } from '../base';
import { json } from '../json';
import { type Problem, ProblemError, problemIn, problemOf } from '../problem';
import type { Point, PointList } from './wire';

/** Points asked for at once. */
const PAGE = 1000;
/** Between two looks at all points lies at least this, and ten times what a look takes: the host has other work. */
const REST_MS = 4_000;

/** All points of a sweep, page by page; what is shown stays until newer ones are there. */
export class Points {
  list = $state.raw<readonly Point[]>([]);
  loading = $state(false);
  problem = $state.raw<Problem>();
  #asking: AbortController | undefined;
  #sweep: string | undefined;
  #next = 0;

  /** How long to wait before points are asked for again. */
  due(sweep: string): number {
    if (sweep !== this.#sweep) return 0;
    return this.loading ? REST_MS : Math.max(0, this.#next - Date.now());
  }

  async ask(sweep: string, fields: readonly string[]): Promise<void> {
    this.stop();
    if (sweep !== this.#sweep) this.list = [];
    this.#sweep = sweep;
    const begun = Date.now();
    const { signal } = (this.#asking = new AbortController());
    this.loading = true;
    const found: Point[] = [];
    try {
      for (let cursor: string | undefined = ''; cursor !== undefined; ) {
        const page: PointList = await json<PointList>(address(sweep, fields, cursor), { signal });
        found.push(...page.points);
        // The first time rows come as they are; later all at once, so that none vanish.
        if (this.list.length < found.length) this.list = found.slice();
        cursor = page.next_cursor ?? undefined;
      }
      this.list = found;
      this.problem = undefined;
    } catch (error) {
      if (!signal.aborted) this.problem = problemOf(error);
    }
    if (signal.aborted) return;
    this.loading = false;
    this.#next = Date.now() + Math.max(REST_MS, 10 * (Date.now() - begun));
  }

  stop(): void {
    this.#asking?.abort();
  }
}

function address(sweep: string, fields: readonly string[], cursor: string): string {
  const asked = new URLSearchParams({ limit: String(PAGE) });
  if (cursor) asked.set('cursor', cursor);
  if (fields.length > 0) asked.set('outcomes', fields.join(','));
  return `/v1/sweeps/${sweep}/points?${asked}`;
}

/** All points as CSV. */
export async function csv(sweep: string, fields: readonly string[]): Promise<Blob> {
  const asked = new URLSearchParams(fields.length > 0 ? { outcomes: fields.join(',') } : {});
  const response = await fetched(href(`/v1/sweeps/${sweep}/points?${asked}`), { headers: { accept: 'text/csv' } });
  if (!response.ok) throw new ProblemError(await problemIn(response));
  return response.blob();
}
