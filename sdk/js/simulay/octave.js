// Container calls that run an Octave program. Parameters reach it only as data, in `params.json`.

import { WRITE_JSON } from "./write_json.js";

/** @import { ContainerCall, Resources, Source } from "./contract.js" */

/** The function `write_json(path, value)`, which every call has. */
export { WRITE_JSON };

/** What a call may use unless said otherwise. */
export const RESOURCES = { cpuMilli: 1000, memoryMib: 512, scratchMib: 64, timeoutMs: 60_000 };

/**
 * The container call `name`, which runs the program `main`.
 * @param {string} name unique within the step
 * @param {string} main the program, e.g. imported from `octave/main.m`
 * @param {object} options
 * @param {unknown} [options.params] read by `jsondecode(fileread("params.json"))`
 * @param {Record<string, string | Source>} [options.files] further functions and data, by path
 * @param {string[]} options.keep glob patterns of the files to keep
 * @param {string[]} [options.exclude] patterns of files not to keep although `keep` asks for them
 * @param {boolean} [options.changedOnly] keep only what the program makes or changes
 * @param {Partial<Resources>} [options.resources]
 * @param {boolean} [options.reportFailure] hand a failure to `postProcess` instead of failing the run
 * @param {boolean} [options.deterministic] whether an earlier result of an equal call may be reused; true
 * @returns {ContainerCall}
 */
export function octave(name, main, options) {
  const texts = { "main.m": main, "write_json.m": WRITE_JSON, ...options.files };
  const params = options.params === undefined ? {} : { "params.json": JSON.stringify(options.params) };
  return {
    name,
    image: "octave",
    command: ["octave-cli", "-qfHW", "main.m"],
    env: [],
    files: Object.entries({ ...texts, ...params }).map(([path, content]) => ({ path, content: source(content) })),
    outputs: options.keep,
    excludes: options.exclude ?? [],
    keepUnchanged: !options.changedOnly,
    resources: { ...RESOURCES, ...options.resources },
    onFailure: options.reportFailure ? "report" : "fail-run",
    deterministic: options.deterministic ?? true,
  };
}

/**
 * @param {string | Source} content
 * @returns {Source}
 */
function source(content) {
  return typeof content === "string" ? { tag: "text", val: content } : content;
}
