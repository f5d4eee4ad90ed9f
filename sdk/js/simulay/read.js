// Reading what containers left. What is missing or damaged is a failure of the simulation.

import { fault, withLists } from "./check.js";
import { simulation } from "./failures.js";

/** @import { Artifact, ContainerResult, Ending, Host, Schema } from "./contract.js" */

/** As text it takes several times as much of the 128 MiB a plugin has. */
const MAX_BYTES = 16 * 1024 * 1024;
const CHUNK_BYTES = 1024 * 1024;
const TEXT_BYTES = 16 * 1024;

/**
 * The result of the call `name`, which must have exited with code 0.
 * @param {ContainerResult[]} results
 * @param {string} name
 */
export function result(results, name) {
  const found = results.find((one) => one.name === name);
  if (!found) throw simulation(`there is no result of \`${name}\``);
  if (found.ending.tag === "exited" && found.ending.val === 0) return found;
  throw simulation(`\`${name}\` ${inWords(found.ending)}`);
}

/**
 * The output of a container with this path; why it is not there, when it was left out.
 * @param {ContainerResult} of
 * @param {string} path
 */
export function output(of, path) {
  const found = of.outputs.find((one) => one.path === path);
  if (!found) throw simulation(whyMissing(of, path));
  return found;
}

/**
 * @param {ContainerResult} of
 * @param {string} path
 */
function whyMissing({ name, leftOut, leftOutMore }, path) {
  const omission = leftOut.find((one) => one.path === path);
  if (omission) return `\`${path}\` of \`${name}\` was left out: ${omission.reason}`;
  if (leftOutMore === 0) return `\`${name}\` ended well but left no file \`${path}\``;
  return (
    `\`${path}\` is not among the files kept of \`${name}\`, nor among those listed as left out; ` +
    `${leftOutMore} further ones were left out`
  );
}

/**
 * All bytes of an artifact.
 * @param {Host} host
 * @param {Artifact} artifact
 */
export function bytes(host, artifact) {
  const { path, sha256, size } = artifact;
  if (size > MAX_BYTES) throw simulation(`\`${path}\` has ${size} bytes; at most ${MAX_BYTES} are read`);
  const content = new Uint8Array(size);
  for (let offset = 0; offset < size; ) {
    const chunk = host.artifacts.read(sha256, offset, Math.min(CHUNK_BYTES, size - offset));
    if (chunk.length === 0) throw simulation(`\`${path}\` ends early`);
    content.set(chunk, offset);
    offset += chunk.length;
  }
  return content;
}

/**
 * An artifact as UTF-8 text.
 * @param {Host} host
 * @param {Artifact} artifact
 */
export function text(host, artifact) {
  const content = bytes(host, artifact);
  try {
    return decode(content);
  } catch {
    throw simulation(`\`${artifact.path}\` is not UTF-8 text`);
  }
}

/**
 * The output `path`, read as JSON of the shape that `schema` tells.
 * @template Value
 * @param {Host} host
 * @param {ContainerResult} of
 * @param {string} path
 * @param {Schema<Value>} schema
 * @returns {Value}
 */
export function json(host, of, path, schema) {
  const content = text(host, output(of, path));
  let value;
  try {
    value = withLists(schema, JSON.parse(content));
  } catch (error) {
    throw simulation(`\`${path}\` of \`${of.name}\` is not JSON: ${/** @type {Error} */ (error).message}`);
  }
  const found = fault(schema, value);
  if (found) throw simulation(`\`${path}\` of \`${of.name}\`, at \`${found.pointer}\`: ${found.message}`);
  return value;
}

/**
 * In pieces, since the engine of a component has no TextDecoder.
 * @param {Uint8Array} content
 */
function decode(content) {
  let decoded = "";
  for (let start = 0; start < content.length; ) {
    const end = boundary(content, start + TEXT_BYTES);
    const escaped = Array.from(content.subarray(start, end), (byte) => `%${byte.toString(16).padStart(2, "0")}`);
    decoded += decodeURIComponent(escaped.join(""));
    start = end;
  }
  return decoded;
}

/**
 * The first place from `at` on where no character is cut.
 * @param {Uint8Array} content
 * @param {number} at
 */
function boundary(content, at) {
  let end = Math.min(at, content.length);
  while (end < content.length && (/** @type {number} */ (content[end]) & 0xc0) === 0x80) end += 1;
  return end;
}

/** @param {Ending} ending */
export function inWords(ending) {
  switch (ending.tag) {
    case "exited":
      return `exited with code ${ending.val}`;
    case "signalled":
      return `was ended by signal ${ending.val}`;
    case "out-of-memory":
      return "ran out of memory";
    case "timed-out":
      return "ran longer than allowed";
    case "scratch-full":
      return "filled its working directory";
    case "output-limit":
      return "printed or wrote more than allowed";
    case "process-limit":
      return "was refused a process: it had as many as allowed";
  }
}
