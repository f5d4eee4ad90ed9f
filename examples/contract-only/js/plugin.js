// A plugin against the contract alone: Octave integrates the sine over half a wave.
import { read } from "simulay:plugin/artifacts@0.2.0";
import { write } from "simulay:plugin/log@0.2.0";

const resources = { cpuMilli: 500, memoryMib: 256, scratchMib: 16, timeoutMs: 60000 };
const main = `
p = jsondecode(fileread("params.json"));
f = fopen("area.json", "w");
fprintf(f, '{"area": %.15g}', p.amplitude * quad(@sin, 0, pi));
fclose(f);
`;
const paramsSchema = {
  type: "object",
  properties: { amplitude: { type: "number", exclusiveMinimum: 0, default: 1 } },
  additionalProperties: false,
};
const resultSchema = { type: "object", required: ["area"], properties: { area: { type: "number" } } };

function describe() {
  return {
    name: "contract-only-js",
    version: "0.1.0",
    title: "The area under half a wave",
    description: "Built against the contract alone.",
    paramsSchema: JSON.stringify(paramsSchema),
    resultSchema: JSON.stringify(resultSchema),
    images: [{ name: "octave", purpose: "Integrates." }],
    maxResources: resources,
    maxParallel: 1,
    examples: [{ name: "unit wave", params: "{}", expect: '{"area": 2}', tolerance: 1e-9 }],
  };
}

function preProcess(request) {
  const files = [
    { path: "main.m", content: { tag: "text", val: main } },
    { path: "params.json", content: { tag: "text", val: request.params } },
  ];
  const call = {
    name: "area",
    image: "octave",
    command: ["octave-cli", "-qfHW", "main.m"],
    env: [],
    files,
    outputs: ["area.json"],
    excludes: [],
    keepUnchanged: true,
    resources,
    onFailure: "report",
    deterministic: true,
  };
  return { calls: [call], state: "{}" };
}

function postProcess(request, state, [result]) {
  const file = result.outputs.find((output) => output.path === "area.json");
  if (!file) throw { tag: "simulation", val: `no area: ${result.stderr}` };
  const outcome = String.fromCharCode(...read(file.sha256, 0, file.size));
  write("info", `Octave says ${outcome}`);
  return { tag: "done", val: { outcome, plots: [], artifacts: [] } };
}

export const pipeline = { describe, preProcess, postProcess };
