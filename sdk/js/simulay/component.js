// Makes a pipeline the plugin of a component; the only module that names what the host offers.

import { read } from "simulay:plugin/artifacts@0.2.0";
import { write } from "simulay:plugin/log@0.2.0";
import { glue } from "./glue.js";

/** @param {import("./contract.js").Pipeline<any, any, any>} pipeline */
export function component(pipeline) {
  return glue(pipeline, { artifacts: { read }, log: write });
}
