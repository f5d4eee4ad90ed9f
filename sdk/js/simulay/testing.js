// For unit tests of a plugin with `node --test`: what the host would do around it. No Docker, no component.

import { fault, withDefaults } from "./check.js";
import { inWords } from "./read.js";

/** @import { Artifact, ContainerCall, ContainerResult, Ending, Host, LogLevel, Pipeline, Report, Request, Source, Step } from "./contract.js" */
/** @typedef {Record<string, unknown>} Files contents by path: text, bytes, or a value written as JSON */
/**
 * @typedef {object} Simulated how a container ended, and what it left
 * @property {Ending} [ending]
 * @property {Files} [files]
 * @property {Record<string, string>} [leftOut] reasons by path, of files that the host cannot keep
 * @property {number} [leftOutMore]
 * @property {string} [stdout]
 * @property {string} [stderr]
 * @property {number} [stdoutOmitted]
 * @property {number} [stderrOmitted]
 * @property {number | null} [cpuMs]
 * @property {number | null} [peakMemoryBytes]
 */
/** @typedef {Host & { messages: [LogLevel, string][], add(path: string, content: unknown): Artifact }} FakeHost */

/** How containers end. */
export const endings = {
  /** @type {Ending} */ success: { tag: "exited", val: 0 },
  exited: (/** @type {number} */ val) => /** @type {Ending} */ ({ tag: "exited", val }),
  signalled: (/** @type {number} */ val) => /** @type {Ending} */ ({ tag: "signalled", val }),
  /** @type {Ending} */ outOfMemory: { tag: "out-of-memory" },
  /** @type {Ending} */ timedOut: { tag: "timed-out" },
  /** @type {Ending} */ scratchFull: { tag: "scratch-full" },
  /** @type {Ending} */ outputLimit: { tag: "output-limit" },
  /** @type {Ending} */ processLimit: { tag: "process-limit" },
};

const MAX_STEPS = 100;

/** What a container tells of itself unless the test says otherwise. */
const NOTHING = {
  stdout: "",
  stderr: "",
  stdoutOmitted: 0,
  stderrOmitted: 0,
  leftOutMore: 0,
  wallMs: 1,
  cpuMs: null,
  peakMemoryBytes: null,
  reused: false,
};

/**
 * A host with its artifacts in memory.
 * @returns {FakeHost}
 */
export function fakeHost() {
  /** @type {Map<string, Uint8Array>} */
  const contents = new Map();
  /** @type {[LogLevel, string][]} */
  const messages = [];
  return {
    messages,
    log: (level, message) => void messages.push([level, message]),
    artifacts: {
      read(sha256, offset, length) {
        const content = contents.get(sha256);
        if (!content) throw new Error(`there is no artifact ${sha256}`);
        return content.slice(offset, offset + length);
      },
    },
    add(path, content) {
      const stored = encoded(content);
      // A stand-in, right in form and unique.
      const sha256 = contents.size.toString(16).padStart(64, "0");
      contents.set(sha256, stored);
      return { path, size: stored.length, sha256, mediaType: "application/octet-stream" };
    },
  };
}

/**
 * A request with the schema's defaults for what `params` leave out.
 * @template Params
 * @param {Pipeline<Params, any, any>} pipeline
 * @param {Partial<Params>} [params]
 * @param {{ inputs?: Artifact[], seed?: number }} [more]
 * @returns {Request<Params>}
 */
export function request(pipeline, params = {}, { inputs = [], seed = 1 } = {}) {
  const complete = withDefaults(pipeline.manifest.params, params);
  refuse(fault(pipeline.manifest.params, complete), "the parameters");
  return { params: /** @type {any} */ (complete), inputs, seed };
}

/**
 * Runs a pipeline to its report, step by step, with `simulate` in place of the containers.
 * @template Params, State, Result
 * @param {Pipeline<Params, State, Result>} pipeline
 * @param {Request<Params>} of
 * @param {(call: ContainerCall, step: number) => Simulated} simulate
 * @param {FakeHost} [host]
 * @returns {{ report: Report<Result>, steps: Step<State>[] }}
 */
export function run(pipeline, of, simulate, host = fakeHost()) {
  let step = pipeline.preProcess(of, host);
  const steps = [];
  while (steps.length < MAX_STEPS) {
    checkStep(pipeline, step);
    steps.push(step);
    const results = step.calls.map((call) => simulated(host, call, simulate(call, steps.length)));
    const next = pipeline.postProcess(of, copy(step.state), results, host);
    if (next.tag === "done") {
      refuse(fault(pipeline.manifest.result, next.val.outcome), "the outcome");
      return { report: next.val, steps };
    }
    step = next.val;
  }
  throw new Error(`the run has no end after ${MAX_STEPS} steps`);
}

/**
 * The result of `call`: only files that it asks for are outputs.
 * @param {FakeHost} host
 * @param {ContainerCall} call
 * @param {Simulated} how
 * @returns {ContainerResult}
 */
function simulated(host, call, { ending = endings.success, files = {}, leftOut = {}, ...more }) {
  const failed = ending.tag !== "exited" || ending.val !== 0;
  if (failed && call.onFailure === "fail-run") {
    throw new Error(`the host fails the run: \`${call.name}\` ${inWords(ending)}`);
  }
  const kept = Object.keys(files).filter((path) => keeps(host, call, path, files[path]));
  return {
    ...NOTHING,
    ...more,
    name: call.name,
    ending,
    outputs: kept.map((path) => host.add(path, files[path])),
    leftOut: Object.entries(leftOut).map(([path, reason]) => ({ path, reason })),
  };
}

/**
 * @param {FakeHost} host
 * @param {ContainerCall} call
 * @param {string} path
 * @param {unknown} content
 */
function keeps(host, call, path, content) {
  const placed = call.files.find((file) => file.path === path);
  if (placed && !call.keepUnchanged && equal(placedBytes(host, placed.content), encoded(content))) return false;
  const named = (/** @type {string[]} */ patterns) => patterns.some((pattern) => matches(pattern, path));
  return named(call.outputs) && !named(call.excludes);
}

/**
 * @param {FakeHost} host
 * @param {Source} source
 */
function placedBytes(host, source) {
  if (source.tag !== "artifact") return encoded(source.val);
  return host.artifacts.read(source.val, 0, Number.MAX_SAFE_INTEGER);
}

/**
 * @param {Uint8Array} one
 * @param {Uint8Array} other
 */
function equal(one, other) {
  return one.length === other.length && one.every((byte, index) => byte === other[index]);
}

/**
 * Checks what the host would refuse of a step.
 * @param {Pipeline<any, any, any>} pipeline
 * @param {Step<unknown>} step
 */
export function checkStep({ manifest }, { calls }) {
  const names = new Set(calls.map((call) => call.name));
  if (names.size < calls.length) throw new Error("the names of calls must be unique within a step");
  if (calls.length > manifest.maxParallel) throw new Error(`${calls.length} calls are over maxParallel`);
  for (const call of calls) {
    const known = manifest.images.some((image) => image.name === call.image);
    if (!known) throw new Error(`\`${call.name}\`: the manifest does not name the image \`${call.image}\``);
    const over = Object.entries(manifest.maxResources).find(([key, most]) => Reflect.get(call.resources, key) > most);
    if (over) throw new Error(`\`${call.name}\`: ${over[0]} is over the manifest's ${over[1]}`);
  }
}

/**
 * Checks what the host checks of a manifest.
 * @param {Pipeline<any, any, any>} pipeline
 */
export function checkManifest(pipeline) {
  const { name, version, result, examples } = pipeline.manifest;
  if (!/^[a-z][a-z0-9-]{0,63}$/.test(name)) throw new Error(`name: \`${name}\` must be lower-case, digits, dashes`);
  if (!/^\d+\.\d+\.\d+/.test(version)) throw new Error(`version: \`${version}\` must be like 1.0.0`);
  for (const example of examples) {
    request(pipeline, example.params);
    const expected = example.expect ?? {};
    const subset = { ...result, required: Object.keys(expected) };
    refuse(fault(subset, expected), `what the example \`${example.name}\` expects`);
  }
}

/**
 * @param {string} pattern with `*` and `?` within a folder, and `**` across folders
 * @param {string} path
 */
function matches(pattern, path) {
  const literal = pattern.replace(/[.+^${}()|[\]\\]/g, "\\$&");
  const wild = literal.replace(/\*\*\/?|\*|\?/g, (it) => (it.startsWith("**") ? ".*" : it === "*" ? "[^/]*" : "[^/]"));
  return new RegExp(`^${wild}$`).test(path);
}

/** @param {unknown} content */
function encoded(content) {
  if (content instanceof Uint8Array) return content;
  return new TextEncoder().encode(typeof content === "string" ? content : JSON.stringify(content));
}

/**
 * @param {{ pointer: string, message: string } | null} found
 * @param {string} what
 */
function refuse(found, what) {
  if (found) throw new Error(`${what}, at \`${found.pointer}\`: ${found.message}`);
}

/**
 * As the host stores it: what is not JSON gets lost.
 * @template Value
 * @param {Value} value
 * @returns {Value}
 */
function copy(value) {
  return JSON.parse(JSON.stringify(value ?? null));
}
