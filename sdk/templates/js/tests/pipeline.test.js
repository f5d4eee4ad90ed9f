import assert from "node:assert/strict";
import { test } from "node:test";

import { checkManifest, endings, request, run } from "../simulay/testing.js";
import pipeline from "../src/pipeline.js";
import { exactPeriod, smallAnglePeriod } from "../src/pendulum.js";

const usual = request(pipeline);

/** What `main.m` leaves when the period is `period_s`. */
function files(period_s = exactPeriod(usual.params)) {
  const swing = { period_s, final_amplitude_deg: 90, t_s: [0, 1], angle_deg: [90, -80] };
  return { "swing.json": swing, "swing.csv": "t_s,angle_deg\n" };
}

test("the manifest holds", () => checkManifest(pipeline));

test("the exact period is that of the tables", () => {
  const { params } = usual;
  assert.ok(Math.abs(exactPeriod(params) / smallAnglePeriod(params) - 1.180340599016096) < 1e-12);
});

test("parameters reach Octave under their own names", () => {
  const { steps } = run(pipeline, request(pipeline, { length_m: 2 }), () => ({ files: files(exactPeriod({ ...usual.params, length_m: 2 })) }));
  const file = steps[0]?.calls[0]?.files.find((one) => one.path === "params.json");
  const params = JSON.parse(String(file?.content.val));
  assert.deepEqual([params.length_m, params.angle_deg], [2, 90]);
});

test("the report has the periods, a plot and a file", () => {
  const { report } = run(pipeline, usual, () => ({ files: files() }));
  assert.equal(report.outcome.period_s, report.outcome.exact_period_s);
  assert.deepEqual(report.plots[0]?.ys[0]?.values, [90, -80]);
  assert.deepEqual(report.artifacts.map((kept) => kept.name), ["swing.csv"]);
});

test("what does not swing is refused where it is", () => {
  assert.throws(() => run(pipeline, request(pipeline, { damping_per_s: 50 }), () => ({})), /^Error: \/damping_per_s/);
});

test("a wrong period is no answer", () => {
  assert.throws(() => run(pipeline, usual, () => ({ files: files(2) })), /is not the exact one/);
});

test("a bad ending or a missing file is no answer", () => {
  for (const ending of [endings.exited(1), endings.outOfMemory, endings.timedOut]) {
    assert.throws(() => run(pipeline, usual, () => ({ ending })), /`swing`/);
  }
  const { "swing.json": swing } = files();
  assert.throws(() => run(pipeline, usual, () => ({ files: { "swing.json": swing } })), /left no file `swing.csv`/);
  assert.throws(() => run(pipeline, usual, () => ({ files: { "swing.json": { ...swing, period_s: null } } })), /period_s/);
});
