import type { ContainerResult, Host, Next, Request, Step } from "../simulay/contract.js";
import { again, definePipeline, simulation } from "../simulay/index.js";
import { best, designCalls, readDesigns } from "./design.js";
import { manifest, type Result } from "./manifest.js";
import { check, type Params } from "./params.js";
import { proofCall, proven } from "./proof.js";
import type { State } from "./state.js";
import { MAX_BITS, narrowed, START, wordCalls } from "./words.js";

export default definePipeline<Params, State, Result>({
  manifest,

  preProcess({ params }): Step<State> {
    check(params);
    return { calls: designCalls(params), state: { stage: "design" } };
  },

  postProcess(request, state, results, host) {
    switch (state.stage) {
      case "design":
        return designed(request, results, host);
      case "words":
        return worded(request, state, results, host);
      case "proof":
        return proven(request.params, state, results, host);
    }
  },
});

function designed({ params }: Request<Params>, results: ContainerResult[], host: Host): Next<State, Result> {
  const designs = readDesigns(params, results, host);
  const design = best(designs);
  host.log("info", `${design.family} of order ${design.order}`);
  return again(wordCalls(params, design, START), { stage: "words", designs, design, interval: START });
}

function worded(
  request: Request<Params>,
  state: Extract<State, { stage: "words" }>,
  results: ContainerResult[],
  host: Host,
): Next<State, Result> {
  const { designs, design } = state;
  const interval = narrowed(request.params, state.interval, results, host);
  host.log("info", `${interval.tooShort} bits are too short, ${interval.enough} enough`);
  if (interval.enough - interval.tooShort > 1) {
    return again(wordCalls(request.params, design, interval), { ...state, interval });
  }
  if (interval.enough > MAX_BITS) throw simulation(`words of ${MAX_BITS} bits are too short: hold more in reserve`);
  const bits = interval.enough;
  return again([proofCall(request, design, bits)], { stage: "proof", designs, design, bits });
}
