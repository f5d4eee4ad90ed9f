// The first step: one filter of each family.

import designer from "../octave/design.m";
import measure from "../octave/measure.m";
import sectionsOf from "../octave/sections_of.m";
import type { ContainerCall, ContainerResult, Host, Infer } from "../simulay/contract.js";
import { integer, list, number, object, octave, read, simulation } from "../simulay/index.js";
import { tightened, type Family, type Params } from "./params.js";
import { RESOURCES } from "./resources.js";
import { exactOrder } from "./theory.js";

const sections = {
  b1: list("b1", number("b1")),
  b2: list("b2", number("b2")),
  a1: list("a1", number("a1")),
  a2: list("a2", number("a2")),
};
const written = object({
  order: integer("Order"),
  ripple_dB: number("Ripple"),
  attenuation_dB: number("Attenuation"),
  ...sections,
});

/** A filter, and what it is before rounding. */
export interface Design extends Infer<typeof written> {
  family: Family;
}

export function designCalls(params: Params): ContainerCall[] {
  return params.families.map((family) =>
    octave(family, designer, {
      params: { ...params, ...tightened(params), family },
      files: { "measure.m": measure, "sections_of.m": sectionsOf },
      keep: ["design.json"],
      resources: RESOURCES,
    }),
  );
}

export function readDesigns(params: Params, results: ContainerResult[], host: Host): Design[] {
  return params.families.map((family) => {
    const design = { family, ...read.json(host, read.result(results, family), "design.json", written) };
    const theory = exactOrder(family, params);
    // Where theory comes out next to a whole number, rounding decides.
    if (Math.abs(design.order - theory - 0.5) > 0.5 + 1e-6) {
      throw simulation(`the ${family} filter has order ${design.order}; by theory it is ${Math.ceil(theory)}`);
    }
    return design;
  });
}

/** The lowest order; of equal ones the family named last, since it is the sharper. */
export function best(designs: Design[]): Design {
  return designs.reduce((one, other) => (other.order <= one.order ? other : one));
}
