import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { fault, withLists } from "../simulay/check.js";
import { glue } from "../simulay/glue.js";
import * as sdk from "../simulay/index.js";
import { WRITE_JSON } from "../simulay/octave.js";
import { checkManifest, endings, fakeHost, request, run } from "../simulay/testing.js";

const { again, choice, done, integer, invalid, keep, list, number, object, octave, read } = sdk;
const main = "write_json('x.json', 1);";

/** Counts down one step at a time, then reports what Octave wrote. */
const countdown = sdk.definePipeline({
  manifest: {
    name: "countdown",
    version: "1.0.0",
    title: "Countdown",
    description: "",
    params: object({ from: integer("From", { min: 0, max: 9, default: 2 }) }),
    result: object({ values: list("Values", number("Value")) }),
    images: [{ name: "octave", purpose: "counts" }],
    maxResources: { cpuMilli: 1000, memoryMib: 512, scratchMib: 64, timeoutMs: 60_000 },
    maxParallel: 1,
    examples: [{ name: "two", params: {}, expect: { values: [1] }, tolerance: 0.1 }],
  },
  preProcess({ params }) {
    if (params.from === 0) throw invalid("/from", "nothing to count");
    return { calls: [octave("count", main, { params, keep: ["*.json"] })], state: { left: params.from } };
  },
  postProcess(_, state, results, host) {
    const { values } = read.json(host, read.result(results, "count"), "x.json", countdown.manifest.result);
    if (state.left > 1) return again([octave("count", main, { keep: ["*.json"] })], { left: state.left - 1 });
    return done({ values });
  },
});
const left = { "x.json": { values: [1] } };

test("state goes from step to step until the report", () => {
  const { report, steps } = run(countdown, request(countdown, { from: 3 }), () => ({ files: left }));
  assert.deepEqual(steps.map((step) => step.state.left), [3, 2, 1]);
  assert.deepEqual(report.outcome, { values: [1] });
});

test("each bad ending fails the run, as does a file that is missing or not kept", () => {
  const { success: _, exited, signalled, ...others } = endings;
  for (const ending of [exited(1), signalled(9), ...Object.values(others)]) {
    assert.throws(() => run(countdown, request(countdown), () => ({ ending, files: left })), /fails the run/);
  }
  assert.throws(() => run(countdown, request(countdown), () => ({})), /left no file `x.json`/);
  assert.throws(() => run(countdown, request(countdown), () => ({ files: { "out/x.json": 1 } })), /left no file/);
});

test("a file of another shape is named with its place", () => {
  const files = { "x.json": { values: [1, null] } };
  assert.throws(() => run(countdown, request(countdown), () => ({ files })), /at `\/values\/1`: must be of type number/);
  assert.throws(() => run(countdown, request(countdown), () => ({ files: { "x.json": "{" } })), /is not JSON/);
});

test("a file that was left out has its reason", () => {
  const told = (how) => assert.throws.bind(null, () => run(countdown, request(countdown), () => how));
  told({ leftOut: { "x.json": "it is a device" } })(/`x.json` of `count` was left out: it is a device/);
  told({ leftOutMore: 2 })(/2 further ones were left out/);
});

test("what the call does not ask for is not kept, and what is has its folders", () => {
  const kept = (asked) => {
    const call = octave("count", main, { files: { "in.csv": "1" }, keep: ["**"], ...asked });
    const keeping = {
      ...countdown,
      preProcess: () => ({ calls: [call], state: null }),
      postProcess: (_request, _state, [result]) => done({ values: [] }, { artifacts: result.outputs.map((one) => keep(one)) }),
    };
    const files = { "in.csv": "1", "out/a b/-f.csv": "2", "out/f.tmp": "3" };
    const { report } = run(keeping, request(countdown), () => ({ files }));
    return report.artifacts.map((file) => file.name);
  };
  assert.deepEqual(kept({}), ["in.csv", "out/a b/-f.csv", "out/f.tmp"]);
  assert.deepEqual(kept({ exclude: ["**/*.tmp"], changedOnly: true }), ["out/a b/-f.csv"]);
});

test("what a container used and what is cut is told", () => {
  const told = [];
  const asking = { ...countdown, postProcess: (_request, _state, results) => (told.push(results[0]), done({ values: [] })) };
  run(asking, request(countdown), () => ({ cpuMs: 1, peakMemoryBytes: 2, stdoutOmitted: 3, stderrOmitted: 4 }));
  const [{ cpuMs, peakMemoryBytes, stdoutOmitted, stderrOmitted }] = told;
  assert.deepEqual([cpuMs, peakMemoryBytes, stdoutOmitted, stderrOmitted], [1, 2, 3, 4]);
  const result = { ...told[0], cpuMs: undefined };
  glue(asking, fakeHost()).postProcess({ params: "{}", inputs: [], seed: 1 }, "null", [result]);
  assert.equal(told[1].cpuMs, null);
});

test("schemas keep the order of the author", () => {
  const schema = object({ zeta: number("Z"), alpha: number("A"), mid: number("M") });
  assert.deepEqual(Object.keys(JSON.parse(JSON.stringify(schema)).properties), ["zeta", "alpha", "mid"]);
});

test("a list of one comes back as a list", () => {
  const schema = object({ a: list("A", number("a")), b: number("b") });
  assert.deepEqual(withLists(schema, { a: 5, b: 6 }), { a: [5], b: 6 });
});

test("schemas say what they are told, and are kept", () => {
  const length = number("Length", { unit: "m", above: 0, max: 5, default: 1 });
  assert.deepEqual(length, {
    title: "Length", type: "number", maximum: 5, exclusiveMinimum: 0, default: 1, "x-unit": "m",
  });
  const schema = object({ length, kind: choice("Kind", ["a", "b"]) });
  assert.deepEqual(schema.required, ["kind"]);
  for (const [value, pointer] of [
    [{ kind: "c" }, "/kind"], [{}, "/kind"], [{ kind: "a", length: 0 }, "/length"],
    [{ kind: "a", length: Number.NaN }, "/length"], [{ kind: "a", more: 1 }, "/more"], [[], ""],
  ]) {
    assert.equal(fault(schema, value)?.pointer, pointer, JSON.stringify(value));
  }
  assert.equal(fault(schema, { kind: "b", length: 5 }), null);
});

test("parameters are data whatever they hold", () => {
  const hostile = "1;system('touch pwn')\n\"%s";
  const call = octave("s", main, { params: { x: hostile }, keep: [] });
  assert.deepEqual(call.command, ["octave-cli", "-qfHW", "main.m"]);
  const params = call.files.find((file) => file.path === "params.json");
  assert.deepEqual(JSON.parse(String(params?.content.val)), { x: hostile });
});

test("text is read whole, and what is none is refused", () => {
  const host = fakeHost();
  const long = "aé€😀".repeat(300_000);
  assert.equal(read.text(host, host.add("long.txt", long)), long);
  assert.throws(() => read.text(host, host.add("bad.txt", new Uint8Array([0x61, 0xff]))), /not UTF-8/);
});

test("the contract gets JSON, refusals as they are, and faults with their place", () => {
  const exported = glue(countdown, fakeHost());
  const manifest = exported.describe();
  assert.equal(JSON.parse(manifest.paramsSchema).properties.from.default, 2);
  assert.deepEqual([manifest.examples[0].expect, manifest.examples[0].params], ['{"values":[1]}', "{}"]);
  const asked = (params) => ({ params: JSON.stringify(params), inputs: [], seed: 1 });
  assert.equal(exported.preProcess(asked({ from: 2 })).state, '{"left":2}');
  assert.throws(() => exported.preProcess(asked({ from: 0 })), { tag: "invalid", val: ["/from", "nothing to count"] });
  assert.throws(() => exported.preProcess(asked(null)), (thrown) => /has a fault: TypeError.* at /.test(thrown.val));
});

test("what the host would refuse is refused here", () => {
  checkManifest(countdown);
  const changed = (change) => ({ ...countdown, manifest: { ...countdown.manifest, ...change } });
  assert.throws(() => checkManifest(changed({ name: "Count" })), /name/);
  assert.throws(() => checkManifest(changed({ examples: [{ name: "x", params: { from: 10 } }] })), /\/from/);
  const run1 = (change) => run(changed(change), request(countdown), () => ({ files: left }));
  assert.throws(() => run1({ images: [] }), /image `octave`/);
  assert.throws(() => run1({ maxParallel: 0 }), /maxParallel/);
  assert.throws(() => run1({ maxResources: { ...countdown.manifest.maxResources, memoryMib: 1 } }), /memoryMib/);
});

test("Octave writes JSON in one way in all languages", () => {
  const rust = new URL("../../rust/src/octave/write_json.m", import.meta.url);
  assert.equal(WRITE_JSON, readFileSync(rust, "utf8"));
});
