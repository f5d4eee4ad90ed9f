// Sweeps as the host tells them.
import type { SchemaAsked, SchemaSweepEstimate } from '../schema';

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
  labels?: Record<string, string>;
  method: Method;
  parameters: Record<string, Variation>;
  fixed: unknown;
  inputs?: { path: string; sha256: string }[];
  seed?: number;
  max_at_once?: number;
  max_points?: number;
  stop?: { outcome: string; above?: number; below?: number };
};

export type Counts = Record<
  'waiting' | 'queued' | 'running' | 'succeeded' | 'failed' | 'cancelled' | 'timed_out' | 'deleted',
  number
>;

/** A sweep in a list. */
export type SweepSummary = {
  id: string;
  owner?: string;
  plugin: { name: string; version: string };
  name?: string | null;
  labels?: Record<string, string>;
  state: string;
  points: number;
  /** The run that met its rule. */
  stopped_by?: string | null;
  created_at: string;
  ended_at?: string | null;
};

/** A parameter that varies; a table says how when nothing else does. */
export type Varied = { pointer: string; variation?: Variation | null };

export type Sweep = SweepSummary & {
  counts: Counts;
  method: string;
  extendable: boolean;
  parameters: Varied[];
  fixed: unknown;
  seed: number;
  max_at_once?: number | null;
  stop?: { outcome: string; above?: number | null; below?: number | null } | null;
};

/** A point: its values and outcomes by JSON Pointer, and its newest run. */
export type Point = {
  point: number;
  state: string;
  values: Record<string, unknown>;
  run?: string | null;
  error?: { kind: string; message: string } | null;
  outcomes: Record<string, unknown>;
};

export type PointList = { parameters: string[]; points: Point[]; next_cursor?: string | null };

/** What a sweep would be. */
export type Preview = {
  points: number;
  parameters: Varied[];
  seed: number;
  /** The values of the first points. */
  first: Record<string, unknown>[];
  preview: { calls: SchemaAsked[] };
  /** How long all may take; none before a run has succeeded. */
  estimate?: SchemaSweepEstimate | null;
};

/** Counts in the order of a bar: what is done, what is on its way, what went wrong, what is to come. */
export function allCounts(counts: Partial<Counts>): [state: string, count: number][] {
  const states = ['succeeded', 'running', 'queued', 'failed', 'timed_out', 'cancelled', 'deleted', 'waiting'] as const;
  return states.map((state) => [state, counts[state] ?? 0]);
}

/** True for a sweep that nothing follows by itself. */
export function isOver(state: string): boolean {
  return ['succeeded', 'ended', 'stopped', 'cancelled'].includes(state);
}

/** What people say of the state of a point. */
export function pointWord(state: string): string | undefined {
  return { waiting: 'to come', deleted: 'run deleted' }[state];
}
