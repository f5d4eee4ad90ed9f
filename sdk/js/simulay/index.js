// What a pipeline plugin in JavaScript or TypeScript is written with.

export { Failure, invalid, simulation } from "./failures.js";
export { octave } from "./octave.js";
export * as read from "./read.js";
export { again, done, keep, plot, series } from "./report.js";
export { choice, flag, integer, list, number, object, text } from "./schema.js";

/**
 * @template Params, State, Result
 * @param {import("./contract.js").Pipeline<Params, State, Result>} pipeline
 */
export function definePipeline(pipeline) {
  return pipeline;
}
