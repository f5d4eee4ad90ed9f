import assert from "node:assert/strict";
import { test } from "node:test";

import type { ContainerCall } from "../simulay/contract.js";
import { checkManifest, endings, request, run, type Simulated } from "../simulay/testing.js";
import type { Family, Params } from "../src/params.js";
import pipeline from "../src/pipeline.js";
import { exactOrder } from "../src/theory.js";
import { lengths, START } from "../src/words.js";

const usual = request(pipeline);

/** What the containers leave when words of `shortest` bits or more hold the specification. */
function simulated(shortest: number, { params } = usual) {
  const proof = {
    pass_tone_Hz: 3000, pass_tone_dB: -0.1, stop_tone_Hz: 16000, stop_tone_dB: -61,
    f_Hz: [0, 24000], rounded_dB: [0, -70], exact_dB: [0, -71],
  };
  return (call: ContainerCall): Simulated => {
    if (call.name === "proof") return { files: { "proof.json": proof, "coefficients.csv": "section\n" } };
    if (!call.name.startsWith("word-")) return { files: { "design.json": designed(call.name as Family, params) } };
    const holds = Number(call.name.slice(5)) >= shortest;
    return { files: { "word.json": { ripple_dB: holds ? 0.5 : 0.51, attenuation_dB: 60, stable: true } } };
  };
}

function designed(family: Family, params: Params) {
  const order = Math.ceil(exactOrder(family, params));
  return { order, ripple_dB: 0.3, attenuation_dB: 62, b1: 2, b2: 1, a1: -1.2, a2: 0.5 };
}

test("the manifest holds", () => checkManifest(pipeline));

test("the orders are those worked out apart from the pipeline", () => {
  // Ω = tan 30° / tan 22.5°, D² = (10⁶ − 1) / (10^0.05 − 1); the elliptic integrals by the midpoint rule.
  const params: Params = { ...usual.params, reserve: 0 };
  const expected = { butterworth: 23.969667743, "chebyshev-1": 10.053015039, "chebyshev-2": 10.053015039, elliptic: 6.030337945 };
  for (const [family, order] of Object.entries(expected)) {
    assert.ok(Math.abs(exactOrder(family as Family, params) - order) < 1e-8, family);
  }
});

test("the shortest word is found, whichever it is", () => {
  for (const shortest of [3, 4, 11, 31, 32]) {
    const { report, steps } = run(pipeline, usual, simulated(shortest));
    assert.equal(report.outcome.word_bits, shortest);
    assert.ok(steps.length <= 6, `${steps.length} steps`);
  }
});

test("the interval is cut into parts that are inside", () => {
  assert.deepEqual(lengths(START), [10, 18, 25]);
  assert.deepEqual(lengths({ tooShort: 10, enough: 12 }), [11]);
  assert.deepEqual(lengths({ tooShort: 10, enough: 11 }), []);
});

test("the lowest order goes on, under its own name", () => {
  const { report, steps } = run(pipeline, usual, simulated(11));
  assert.deepEqual([report.outcome.family, report.outcome.order], ["elliptic", 7]);
  assert.deepEqual(steps[0]?.calls.map((call) => call.name), usual.params.families);
  assert.equal(report.plots[0]?.ys.length, 2);
  assert.deepEqual(report.artifacts.map((kept) => kept.name), ["coefficients.csv"]);
});

test("one family alone may be asked for", () => {
  const one = request(pipeline, { families: ["chebyshev-2"] });
  const { report } = run(pipeline, one, simulated(9, one));
  assert.deepEqual([report.outcome.chebyshev_order, report.outcome.elliptic_order], [11, 0]);
});

test("what cannot be designed is refused where it is", () => {
  const cases: [Partial<Params>, string][] = [
    [{ stop_Hz: 24000 }, "/stop_Hz"],
    [{ pass_Hz: 8000 }, "/pass_Hz"],
    [{ pass_Hz: 1 }, "/pass_Hz"],
    [{ families: ["elliptic", "elliptic"] }, "/families"],
  ];
  for (const [params, pointer] of cases) {
    const wrong = () => run(pipeline, request(pipeline, params), () => ({}));
    assert.throws(wrong, (error: Error) => error.message.startsWith(pointer));
  }
});

test("no word that is long enough is told as such", () => {
  assert.throws(() => run(pipeline, usual, simulated(33)), /words of 32 bits are too short/);
});

test("an order that theory does not know is no answer", () => {
  const wrong = (call: ContainerCall) => ({ files: { "design.json": { ...designed(call.name as Family, usual.params), order: 3 } } });
  assert.throws(() => run(pipeline, usual, wrong), /by theory it is/);
});

test("tones that come out wrong are no answer", () => {
  for (const [tone, value] of [["pass_tone_dB", -3], ["stop_tone_dB", -50]] as const) {
    const spoiled = (call: ContainerCall): Simulated => {
      const usually = simulated(11)(call);
      const proof = usually.files?.["proof.json"];
      return proof ? { files: { ...usually.files, "proof.json": { ...proof, [tone]: value } } } : usually;
    };
    assert.throws(() => run(pipeline, usual, spoiled), /the tone in the/);
  }
});

test("a bad ending in any step, or a missing file, is no answer", () => {
  for (const at of ["elliptic", "word-18", "proof"]) {
    for (const how of [{ ending: endings.exited(1) }, { ending: endings.outOfMemory }, { ending: endings.timedOut }, {}]) {
      const spoiled = (call: ContainerCall) => (call.name === at ? how : simulated(11)(call));
      assert.throws(() => run(pipeline, usual, spoiled), new RegExp(`\`${at}\``));
    }
  }
});
