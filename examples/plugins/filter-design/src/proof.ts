// The last step: signals go through the rounded filter.

import measure from "../octave/measure.m";
import prove from "../octave/prove.m";
import rounded from "../octave/rounded.m";
import type { ContainerCall, ContainerResult, Host, Next, Request } from "../simulay/contract.js";
import { done, keep, list, number, object, octave, plot, read, series, simulation } from "../simulay/index.js";
import type { Design } from "./design.js";
import type { Result } from "./manifest.js";
import type { Params } from "./params.js";
import { RESOURCES } from "./resources.js";
import type { State } from "./state.js";

const written = object({
  pass_tone_Hz: number("Tone in the pass band"),
  pass_tone_dB: number("What is left of it"),
  stop_tone_Hz: number("Tone in the stop band"),
  stop_tone_dB: number("What is left of it"),
  f_Hz: list("Frequencies", number("f")),
  rounded_dB: list("Response of the rounded filter", number("magnitude")),
  exact_dB: list("Response before rounding", number("magnitude")),
});

/** How far noise may move a tone. */
const TOLERANCE_DB = 0.1;

export function proofCall({ params, seed }: Request<Params>, design: Design, bits: number): ContainerCall {
  return octave("proof", prove, {
    params: { ...params, ...design, bits, seed },
    files: { "measure.m": measure, "rounded.m": rounded },
    keep: ["proof.json", "coefficients.csv"],
    resources: RESOURCES,
  });
}

export function proven(
  params: Params,
  { designs, design, bits }: Extract<State, { stage: "proof" }>,
  results: ContainerResult[],
  host: Host,
): Next<State, Result> {
  const result = read.result(results, "proof");
  const proof = read.json(host, result, "proof.json", written);
  check(params, proof.pass_tone_dB, proof.stop_tone_dB);
  const order = (family: string) => designs.find((one) => one.family === family)?.order ?? 0;
  const outcome = {
    family: design.family,
    order: design.order,
    word_bits: bits,
    pass_tone_dB: proof.pass_tone_dB,
    stop_tone_dB: proof.stop_tone_dB,
    butterworth_order: order("butterworth"),
    chebyshev_order: order("chebyshev-1") || order("chebyshev-2"),
    elliptic_order: order("elliptic"),
  };
  const response = plot(
    "Response",
    series("frequency", "Hz", proof.f_Hz),
    series("rounded", "dB", proof.rounded_dB),
    series("exact", "dB", proof.exact_dB),
  );
  return done(outcome, { plots: [response], artifacts: [keep(read.output(result, "coefficients.csv"))] });
}

function check({ ripple_dB, attenuation_dB }: Params, pass_dB: number, stop_dB: number): void {
  if (pass_dB > TOLERANCE_DB || pass_dB < -ripple_dB - TOLERANCE_DB) {
    throw simulation(`the tone in the pass band comes out at ${pass_dB} dB`);
  }
  if (stop_dB > TOLERANCE_DB - attenuation_dB) {
    throw simulation(`the tone in the stop band comes out at ${stop_dB} dB`);
  }
}
