// What the host tells of runs side by side.
import type { RunSummary } from '../expected';
import type { Axis } from '../plot/figure';

export type Group = 'version' | 'image' | 'seed' | 'input' | 'params' | 'state' | 'outcome';

/** A field of all runs, in their order. */
export type Row = {
  group: Group | (string & {});
  field: string;
  unit?: string | null;
  values: unknown[];
  /** Whether each run has the field: another `null` is a value. */
  has?: boolean[];
  delta: (number | null)[];
  relative: (number | null)[];
  outside: (boolean | null)[];
  differs: boolean;
  note?: string | null;
};

/** A curve of one run: its values at the abscissas of the plot, or why there are none. */
export type Curve = {
  y?: (number | null)[] | null;
  note?: string | null;
  largest?: { x: number; delta: number } | null;
};

export type ComparedPlot = {
  title: string;
  x: Axis;
  /** Where the curves are compared. */
  at: number[];
  series: { name: string; unit: string; curves: Curve[] }[];
};

export type ComparedRun = Omit<Partial<RunSummary>, 'id'> & { id: string; pipeline?: string; version?: string };

export type Comparison = {
  base: string;
  runs: ComparedRun[];
  rows: Row[];
  plots?: ComparedPlot[];
  /** What is not compared because there is too much of it, in words. */
  left_out?: string[];
};
