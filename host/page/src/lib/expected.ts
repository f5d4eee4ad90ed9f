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
}

export type { SchemaListedArtifact as ListedArtifact, SchemaRunError as RunError };
