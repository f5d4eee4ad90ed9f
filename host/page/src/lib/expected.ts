// Routes that the OpenAPI document of the build this page was made from does not have yet. An entry goes as
// soon as `schema.d.ts` has the route.
import type {
  SchemaListedArtifact,
  SchemaProblem,
  SchemaRun,
  SchemaRunError,
  SchemaRunState,
  SchemaRunSummary,
} from './schema';

export type Labels = Record<string, string>;
export type SweepPoint = { id: string; point: number };
export type Named = { name?: string | null; labels?: Labels; sweep?: SweepPoint | null };
export type Run = SchemaRun & Named;
export type RunSummary = SchemaRunSummary & Named & { values?: Record<string, unknown> };
export type RunPage = {
  runs: RunSummary[];
  next_cursor?: string | null;
  total?: { count: number; at_least: boolean };
};

export type Counts = Record<SchemaRunState, number>;
export type Estimate = {
  runs: number;
  version: string;
  median_ms: number | null;
  lower_ms: number | null;
  upper_ms: number | null;
};

export type Axis = { label: string; unit?: string | null; scale?: 'linear' | 'log' };
export type PlotHead = { index: number; title: string; x: Axis; y: Axis; series: string[]; points: number };
export type PlotSeries = { name: string; x: number[]; y: (number | null)[]; of: number };
export type PlotNumbers = { title: string; x: Axis; y: Axis; series: PlotSeries[] };

export type Row = {
  group: string;
  field: string;
  unit?: string | null;
  values: unknown[];
  delta?: (number | null)[];
  relative?: (number | null)[];
  outside?: (boolean | null)[];
  differs: boolean;
};
export type Comparison = {
  base: string;
  runs: (RunSummary & { pipeline?: string; version?: string })[];
  rows: Row[];
  plots?: unknown[];
};

export type SweepState = { id: string; name?: string | null; [field: string]: unknown };
export type Method =
  | { grid: Record<string, never> }
  | { latin_hypercube: { points: number } }
  | { sobol: { points: number } }
  | { random: { points: number } }
  | { csv: { text: string } };
export type Variation =
  | { list: unknown[] }
  | { range: { from: number; to: number; steps?: number; scale?: 'linear' | 'log' } };
export type NewSweep = {
  name?: string;
  labels?: Labels;
  method: Method;
  parameters: Record<string, Variation>;
  fixed: Record<string, unknown>;
  inputs?: { path: string; sha256: string }[];
  seed?: number;
  max_at_once?: number;
  max_points?: number;
  stop?: { outcome: string; above?: number; below?: number };
};

type Parameters = { query?: object; path?: object };
type Answers<Answer> = {
  responses: {
    200: { headers: object; content: { 'application/json': Answer } };
    400: { headers: object; content: { 'application/problem+json': SchemaProblem } };
  };
};
type Header = { header?: never; cookie?: never };
type Get<Answer, P extends Parameters = object> = { parameters: P & Header; requestBody?: never } & Answers<Answer>;
type Write<Answer, Body, P extends Parameters = object> = {
  parameters: P & Header;
  requestBody: { content: { 'application/json': Body } };
} & Answers<Answer>;

export type RunQuery = {
  pipeline?: string;
  version?: string;
  state?: string;
  error?: string;
  created_after?: string;
  created_before?: string;
  sweep?: string;
  label?: string;
  name?: string;
  fields?: string;
  total?: boolean;
  limit?: number;
  cursor?: string;
};

export interface Expected {
  '/v1/runs': { get: Get<RunPage, { query?: RunQuery }> };
  '/v1/runs/counts': { get: Get<Counts, { query?: { since?: string; pipeline?: string } }> };
  '/v1/runs/{id}': {
    get: Get<Run, { path: { id: string }; query?: { plots?: 'omit' } }>;
    patch: Write<Run, { name?: string | null; labels?: Record<string, string | null> }, { path: { id: string } }>;
    put: Write<Run, Record<string, unknown>, { path: { id: string } }>;
  };
  '/v1/pipelines/{pipeline}/estimate': { get: Get<Estimate, { path: { pipeline: string } }> };
  '/v1/runs/{id}/plots': { get: Get<{ plots: PlotHead[] }, { path: { id: string } }> };
  '/v1/runs/{id}/plots/{n}': {
    get: Get<
      PlotNumbers,
      { path: { id: string; n: number }; query?: { from?: number; to?: number; points?: number } }
    >;
  };
  '/v1/compare': {
    get: Get<Comparison, { query: { runs: string; base?: string; all?: boolean; tolerance?: number } }>;
  };
  '/v1/sweeps': { get: Get<{ sweeps: SweepState[]; next?: string | null }, { query?: object }> };
  '/v1/sweeps/{id}': { get: Get<SweepState, { path: { id: string } }> };
  '/v1/sweeps/{id}/points': {
    get: Get<{ points: unknown[]; next?: string | null }, { path: { id: string }; query?: object }>;
  };
  '/v1/sweeps/{id}/cancel': { post: Get<SweepState, { path: { id: string } }> };
  '/v1/sweeps/{id}/retry': { post: Get<SweepState, { path: { id: string } }> };
  '/v1/sweeps/{id}/extend': { post: Write<SweepState, { points: number }, { path: { id: string } }> };
  '/v1/pipelines/{pipeline}/sweeps': { post: Write<SweepState, NewSweep, { path: { pipeline: string } }> };
  '/v1/pipelines/{pipeline}/sweeps/preview': {
    post: Write<Record<string, unknown>, NewSweep, { path: { pipeline: string } }>;
  };
}

export type { SchemaListedArtifact as ListedArtifact, SchemaRunError as RunError };
