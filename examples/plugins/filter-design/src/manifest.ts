import type { Infer, Manifest } from "../simulay/contract.js";
import { choice, integer, number, object } from "../simulay/index.js";
import description from "./description.md";
import { FAMILIES, params, type Params } from "./params.js";
import { RESOURCES } from "./resources.js";

export const result = object({
  family: choice("Family of the filter chosen", FAMILIES),
  order: integer("Its order"),
  word_bits: integer("Shortest words of its coefficients", { unit: "bit" }),
  pass_tone_dB: number("What is left of a tone in the pass band", { unit: "dB" }),
  stop_tone_dB: number("What is left of a tone in the stop band", { unit: "dB" }),
  butterworth_order: integer("Order of the Butterworth filter; 0 when not tried"),
  chebyshev_order: integer("Order of the Chebyshev filters; 0 when not tried"),
  elliptic_order: integer("Order of the elliptic filter; 0 when not tried"),
});
export type Result = Infer<typeof result>;

export const manifest: Manifest<Params, Result> = {
  name: "filter-design",
  version: "0.1.0",
  title: "Low-pass filter for a fixed-point processor",
  description,
  params,
  result,
  images: [{ name: "octave", purpose: "Designs filters with the signal package, and measures them." }],
  maxResources: RESOURCES,
  maxParallel: FAMILIES.length,
  examples: [
    {
      // Orders by the closed formulas: 24.85, 10.39 and 6.22, rounded up. The word length is what this plugin found.
      name: "Audio at 48 kHz",
      params: {},
      expect: { family: "elliptic", butterworth_order: 25, chebyshev_order: 11, elliptic_order: 7, word_bits: 11 },
      tolerance: 0,
    },
  ],
};
