// Plots as the host tells them, and as they are drawn: one figure for each unit.

export type Axis = { name: string; unit: string };

export type PlotSummary = { number: number; title: string; x: Axis; series: Axis[]; points: number };

/** A curve by as many points as were asked for, of so many. */
export type Curve = { name: string; x: number[]; y: (number | null)[]; of: number };

export type PlotCurves = { title: string; x: Axis; series: (Curve & { unit: string })[] };

/** Curves that share both axes. */
export type Figure = { title: string; x: Axis; y: Axis; series: Curve[] };

/** Curves of unlike units are not drawn over each other: each unit has a figure of its own. */
export function figures({ title, x, series }: PlotCurves): Figure[] {
  const units = [...new Set(series.map(({ unit }) => unit))];
  return units.map((unit) => {
    const own = series.filter((one) => one.unit === unit);
    const names = own.map(({ name }) => name).filter(Boolean);
    const suffix = units.length > 1 && names.length > 0 ? ` · ${names.slice(0, 3).join(', ')}` : '';
    return { title: title + suffix, x, y: { name: names.length === 1 ? (names[0] ?? '') : '', unit }, series: own };
  });
}
