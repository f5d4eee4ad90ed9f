// Between the contract's JSON strings and a pipeline's values.

import { Failure } from "./failures.js";

/** @import { ContainerResult, Host, Manifest, Pipeline, Request, Step } from "./contract.js" */
/** @typedef {Omit<Request<any>, "params"> & { params: string }} WitRequest */

const DRAFT = "https://json-schema.org/draft/2020-12/schema";

/**
 * The exports of the contract.
 * @param {Pipeline<any, any, any>} pipeline
 * @param {Host} host
 */
export function glue(pipeline, host) {
  return {
    describe: () => describe(pipeline.manifest),
    preProcess: (/** @type {WitRequest} */ request) =>
      answered(() => lowered(pipeline.preProcess(raised(request), host))),
    postProcess: (
      /** @type {WitRequest} */ request,
      /** @type {string} */ state,
      /** @type {ContainerResult[]} */ results,
    ) =>
      answered(() => {
        const next = pipeline.postProcess(raised(request), JSON.parse(state), results.map(measured), host);
        if (next.tag === "again") return { tag: "again", val: lowered(next.val) };
        return { tag: "done", val: { ...next.val, outcome: JSON.stringify(next.val.outcome) } };
      }),
  };
}

/**
 * The contract throws a failure itself. Any other error is a fault of the plugin, which would otherwise end as a
 * trap that tells nobody where.
 * @template Answer
 * @param {() => Answer} work
 */
function answered(work) {
  try {
    return work();
  } catch (error) {
    if (error instanceof Failure) throw error.reason;
    throw { tag: "simulation", val: `the plugin has a fault: ${inFull(error)}` };
  }
}

/** @param {unknown} error */
function inFull(error) {
  if (!(error instanceof Error)) return String(error);
  const calls = (error.stack ?? "").split("\n").filter((line) => line.trim().startsWith("at "));
  return [`${error.name}: ${error.message}`, ...calls.map((line) => line.trim())].join(" ");
}

/** @param {WitRequest} request */
function raised(request) {
  return { ...request, params: JSON.parse(request.params) };
}

/**
 * What is not told is null, however the engine of the component says so.
 * @param {ContainerResult} result
 */
function measured(result) {
  return { ...result, cpuMs: result.cpuMs ?? null, peakMemoryBytes: result.peakMemoryBytes ?? null };
}

/** @param {Step<any>} step */
function lowered(step) {
  return { ...step, state: JSON.stringify(step.state ?? null) };
}

/** @param {Manifest<any, any>} manifest */
function describe(manifest) {
  const { params, result, examples, ...rest } = manifest;
  return {
    ...rest,
    paramsSchema: JSON.stringify({ $schema: DRAFT, ...params }),
    resultSchema: JSON.stringify({ $schema: DRAFT, ...result }),
    examples: examples.map((example) => ({
      name: example.name,
      params: JSON.stringify(example.params),
      expect: example.expect === undefined ? null : JSON.stringify(example.expect),
      tolerance: example.tolerance ?? 0,
    })),
  };
}
