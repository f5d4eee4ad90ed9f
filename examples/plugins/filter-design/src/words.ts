// The steps after it: how short the words of the coefficients may be.

import measure from "../octave/measure.m";
import rounded from "../octave/rounded.m";
import word from "../octave/word.m";
import type { ContainerCall, ContainerResult, Host } from "../simulay/contract.js";
import { flag, number, object, octave, read } from "../simulay/index.js";
import type { Design } from "./design.js";
import type { Params } from "./params.js";
import { RESOURCES } from "./resources.js";

/** Longer words are not tried, shorter ones do not exist. */
export const MAX_BITS = 32;
const MIN_BITS = 3;
const SIDE_BY_SIDE = 3;

const measured = object({
  ripple_dB: number("Ripple"),
  attenuation_dB: number("Attenuation"),
  stable: flag("All poles lie in the unit circle"),
});

/** Between a length that is too short and one that is long enough, or not tried yet. */
export interface Interval {
  tooShort: number;
  enough: number;
}

export const START: Interval = { tooShort: MIN_BITS - 1, enough: MAX_BITS + 1 };

/** Lengths that cut the interval into equal parts. */
export function lengths({ tooShort, enough }: Interval): number[] {
  const parts = Array.from({ length: SIDE_BY_SIDE }, (_, index) => (index + 1) / (SIDE_BY_SIDE + 1));
  const inside = parts.map((part) => Math.round(tooShort + part * (enough - tooShort)));
  return [...new Set(inside)].filter((bits) => tooShort < bits && bits < enough);
}

export function wordCalls(params: Params, design: Design, interval: Interval): ContainerCall[] {
  return lengths(interval).map((bits) =>
    octave(name(bits), word, {
      params: { ...params, ...design, bits },
      files: { "measure.m": measure, "rounded.m": rounded },
      keep: ["word.json"],
      resources: RESOURCES,
    }),
  );
}

/** The interval after what was measured. */
export function narrowed(params: Params, interval: Interval, results: ContainerResult[], host: Host): Interval {
  const holds = (bits: number) => {
    const m = read.json(host, read.result(results, name(bits)), "word.json", measured);
    return m.stable && m.ripple_dB <= params.ripple_dB && m.attenuation_dB >= params.attenuation_dB;
  };
  const tried = lengths(interval).map((bits) => ({ bits, holds: holds(bits) }));
  const enough = tried.find((one) => one.holds)?.bits ?? interval.enough;
  const tooShort = tried.findLast((one) => !one.holds && one.bits < enough)?.bits ?? interval.tooShort;
  return { tooShort, enough };
}

function name(bits: number): string {
  return `word-${bits}`;
}
