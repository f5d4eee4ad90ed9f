import type { Infer } from "../simulay/contract.js";
import { choice, invalid, list, number, object } from "../simulay/index.js";

export const FAMILIES = ["butterworth", "chebyshev-1", "chebyshev-2", "elliptic"] as const;
export type Family = (typeof FAMILIES)[number];

export const params = object({
  rate_Hz: number("Samples per second", { unit: "Hz", above: 0, max: 1e9, default: 48000 }),
  pass_Hz: number("Edge of the pass band", { unit: "Hz", above: 0, max: 1e9, default: 6000 }),
  stop_Hz: number("Edge of the stop band", { unit: "Hz", above: 0, max: 1e9, default: 8000 }),
  ripple_dB: number("Most ripple in the pass band", { unit: "dB", min: 0.01, max: 6, default: 0.5 }),
  attenuation_dB: number("Least attenuation in the stop band", { unit: "dB", min: 10, max: 100, default: 60 }),
  reserve: number("Share of the specification held in reserve for rounding", {
    description: "Of the ripple, and a twentieth of it of the attenuation.",
    min: 0.01,
    max: 0.9,
    default: 0.3,
  }),
  families: list("Families to try", choice("Family", FAMILIES), {
    minItems: 1,
    maxItems: 4,
    default: [...FAMILIES],
  }),
});
export type Params = Infer<typeof params>;

/** A narrower band makes a filter that no word here can hold. */
const MIN_PASS = 1e-3;

export function check({ rate_Hz, pass_Hz, stop_Hz, families }: Params): void {
  if (stop_Hz >= rate_Hz / 2) throw invalid("/stop_Hz", `must be below half of rate_Hz, ${rate_Hz / 2} Hz`);
  if (pass_Hz >= stop_Hz) throw invalid("/pass_Hz", `must be below stop_Hz, ${stop_Hz} Hz`);
  if (pass_Hz < MIN_PASS * rate_Hz) throw invalid("/pass_Hz", `must be at least ${MIN_PASS * rate_Hz} Hz`);
  if (new Set(families).size < families.length) throw invalid("/families", "names a family twice");
}

export interface Specification {
  ripple_dB: number;
  attenuation_dB: number;
}

/** What the filter is designed for, before rounding. */
export function tightened({ ripple_dB, attenuation_dB, reserve }: Params): Specification {
  return { ripple_dB: ripple_dB * (1 - reserve), attenuation_dB: attenuation_dB * (1 + reserve / 20) };
}
