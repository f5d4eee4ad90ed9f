// A comparison as the address has it.

/** The most runs side by side. */
export const MOST_RUNS = 20;

export const TOLERANCE = 1e-6;

export type Question = { runs: string[]; base: string | undefined; all: boolean; tolerance: number; transposed: boolean };

/** What the address asks for; each run once. */
export function question(query: URLSearchParams): Question {
  const given = (query.get('runs') ?? '').split(',').map((id) => id.trim()).filter(Boolean);
  const runs = [...new Set(given)].slice(0, MOST_RUNS);
  const base = query.get('base') ?? undefined;
  const tolerance = Number(query.get('tolerance') ?? TOLERANCE);
  return {
    runs,
    base: base && runs.includes(base) ? base : runs[0],
    all: query.get('all') === 'true',
    tolerance: Number.isFinite(tolerance) && tolerance >= 0 ? tolerance : TOLERANCE,
    transposed: query.get('transposed') === 'true',
  };
}

/** The runs without one, as the address has them; its base goes with it. */
export function without({ runs, base }: Question, run: string): Record<string, string | null> {
  const left = runs.filter((one) => one !== run);
  return { runs: left.join(','), base: base === run ? null : (base ?? null) };
}

/** The runs with one more; what was pasted may be its address. */
export function withRun({ runs }: Question, pasted: string): string | undefined {
  const id = /[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/i.exec(pasted)?.[0]?.toLowerCase();
  return id && !runs.includes(id) && runs.length < MOST_RUNS ? [...runs, id].join(',') : undefined;
}
