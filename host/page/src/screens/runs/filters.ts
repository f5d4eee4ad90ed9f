import type { RunQuery, RunSummary } from '../../lib/expected';
import { save } from '../../lib/save';
import type { RunNews } from '../../lib/stream/news.svelte';

const NAMES = ['pipeline', 'version', 'state', 'error', 'created_after', 'created_before', 'sweep', 'label', 'name'] as const;
export type Filters = Pick<RunQuery, (typeof NAMES)[number]>;

export const STATES = ['queued', 'running', 'succeeded', 'failed', 'cancelled', 'timed_out'];

/** The filters of an address. */
export function filtersIn(query: URLSearchParams): Filters {
  const found: Filters = {};
  for (const name of NAMES) {
    const value = query.get(name);
    if (value) found[name] = value;
  }
  return found;
}

/** The columns of an address: `params:/time_s` or `outcome:/max_error_K`. */
export function columnsIn(query: URLSearchParams): string[] {
  return (query.get('fields') ?? '')
    .split(',')
    .filter((field) => /^(params|outcome):\//.test(field))
    .slice(0, 16);
}

/** What a column is headed. */
export function columnName(column: string): string {
  return column.slice(column.indexOf(':/') + 2).replaceAll('/', '.');
}

/** Whether news is of a run that the list would show, as far as it tells. */
export function matches(filters: Filters, news: RunNews): boolean {
  return (
    (!filters.pipeline || filters.pipeline === news.pipeline) &&
    (!filters.version || filters.version === news.version) &&
    (!filters.state || filters.state.split(',').includes(news.state)) &&
    (!filters.name || (news.name ?? '').toLowerCase().includes(filters.name.toLowerCase())) &&
    !filters.error &&
    !filters.label
  );
}

/** Saves what is listed as CSV. */
export function csv(runs: readonly RunSummary[], columns: readonly string[]): void {
  const head = ['id', 'name', 'pipeline', 'version', 'state', 'created_at', 'started_at', 'ended_at', ...columns];
  const rows = runs.map((run) => [
    run.id,
    run.name ?? '',
    run.plugin.name,
    run.plugin.version,
    run.state,
    run.created_at,
    run.started_at ?? '',
    run.ended_at ?? '',
    ...columns.map((column) => run.values?.[column] ?? ''),
  ]);
  save('runs.csv', 'text/csv', [head, ...rows].map((row) => row.map(cell).join(',')).join('\r\n') + '\r\n');
}

// A cell that begins like a formula is one to a spreadsheet, whoever wrote the name of the run.
function cell(value: unknown): string {
  const text = String(value);
  const safe = typeof value === 'string' && /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
