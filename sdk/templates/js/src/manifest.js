import { integer, number, object } from "../simulay/index.js";
import description from "./description.md";

export const params = object({
  length_m: number("Length of the rod", { unit: "m", above: 0, max: 1000, default: 1 }),
  gravity_m_per_s2: number("Gravity", { unit: "m/s2", above: 0, max: 1000, default: 9.81 }),
  angle_deg: number("Angle at the start", { unit: "deg", above: 0, max: 175, default: 90 }),
  damping_per_s: number("Damping", { unit: "/s", min: 0, max: 100, default: 0 }),
  periods: integer("Periods simulated", { min: 2, max: 100, default: 5 }),
});

export const result = object({
  period_s: number("Period, from the motion", { unit: "s" }),
  exact_period_s: number("Period without damping, exact", { unit: "s" }),
  small_angle_period_s: number("Period of a small swing", { unit: "s" }),
  final_amplitude_deg: number("Largest angle in the last period", { unit: "deg" }),
});

const maxResources = { cpuMilli: 1000, memoryMib: 256, scratchMib: 16, timeoutMs: 60_000 };

/** @type {import("../simulay/contract.js").Manifest<Params, Result>} */
export const manifest = {
  name: "my-pipeline",
  version: "0.1.0",
  title: "Swing of a pendulum",
  description,
  params,
  result,
  images: [{ name: "octave", purpose: "Integrates the motion." }],
  maxResources,
  maxParallel: 1,
  examples: [
    {
      // The period is that of a small swing times 1.180 340 599 016 (A&S 17.3: 2 K(1/2) / π).
      name: "Half a turn",
      params: {},
      expect: { period_s: 2.367842, exact_period_s: 2.367842, final_amplitude_deg: 90 },
      tolerance: 1e-4,
    },
  ],
};

/** @typedef {import("../simulay/contract.js").Infer<typeof params>} Params */
/** @typedef {import("../simulay/contract.js").Infer<typeof result>} Result */
