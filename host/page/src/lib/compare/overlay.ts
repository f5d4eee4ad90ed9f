// Curves of several runs as one figure each.
import { number, signed, unit, withUnit } from '../format';
import type { Look } from '../plot/Chart.svelte';
import type { Axis, Figure } from '../plot/figure';
import type { ComparedPlot } from './wire';

/** One curve of all runs that have it. */
export type Overlay = { key: string; numbers: Figure; looks: Look[]; notes: string[] };

/** A figure for each curve: its lines are runs, the base's the thick one. */
export function overlays(plots: readonly ComparedPlot[], names: readonly string[], base: number): Overlay[] {
  return plots.flatMap((plot, place) => plot.series.map((_, series) => overlay(plot, series, names, base, `${place}.${series}`)));
}

function overlay(plot: ComparedPlot, place: number, names: readonly string[], base: number, key: string): Overlay {
  const series = plot.series[place] ?? { name: '', unit: '', curves: [] };
  const title = plot.series.length > 1 && series.name ? `${plot.title} · ${series.name}` : plot.title;
  const made: Overlay = {
    key,
    numbers: { title, x: plot.x, y: { name: series.name, unit: series.unit }, series: [] },
    looks: [],
    notes: [],
  };
  series.curves.forEach((curve, run) => {
    const name = names[run] ?? '';
    if (curve.note) made.notes.push(`${name}: ${curve.note}`);
    if (!curve.y) return;
    made.numbers.series.push({ name, x: plot.at, y: curve.y, of: curve.y.length });
    made.looks.push({ name, colour: run, thick: run === base });
    if (run !== base && curve.largest) made.notes.push(`${name}: ${farthest(curve.largest, plot.x, series.unit)}`);
  });
  return made;
}

function farthest({ x, delta }: { x: number; delta: number }, axis: Axis, code: string): string {
  const measure = unit(code);
  return `farthest from the base by ${signed(delta)}${measure ? `\u202f${measure}` : ''} at ${axis.name} = ${withUnit(number(x, 5), axis.unit)}`;
}
