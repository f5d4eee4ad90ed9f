// What a pipeline answers.

/** @import { Artifact, Kept, Next, Plot, Report, Series, Step, ContainerCall } from "./contract.js" */

/**
 * The end of the run.
 * @template Result
 * @param {Result} outcome
 * @param {{ plots?: Plot[], artifacts?: Kept[] }} [more]
 * @returns {{ tag: "done", val: Report<Result> }}
 */
export function done(outcome, { plots = [], artifacts = [] } = {}) {
  return { tag: "done", val: { outcome, plots, artifacts } };
}

/**
 * Another step; `state` is handed back after it.
 * @template State
 * @param {ContainerCall[]} calls
 * @param {State} state
 * @returns {{ tag: "again", val: Step<State> }}
 */
export function again(calls, state) {
  return { tag: "again", val: { calls, state } };
}

/**
 * A line plot of `ys` over `x`.
 * @param {string} title
 * @param {Series} x
 * @param {...Series} ys
 * @returns {Plot}
 */
export function plot(title, x, ...ys) {
  return { title, x, ys };
}

/**
 * Numbers of one quantity.
 * @param {string} name
 * @param {string} unit UCUM unit, or empty
 * @param {number[]} values
 * @returns {Series}
 */
export function series(name, unit, values) {
  return { name, unit, values };
}

/**
 * An output of a container, offered for download under its path or another name; `/` in it makes folders.
 * @param {Artifact} output
 * @param {string} [name]
 * @returns {Kept}
 */
export function keep(output, name = output.path) {
  return { name, mediaType: output.mediaType, content: { tag: "artifact", val: output.sha256 } };
}
