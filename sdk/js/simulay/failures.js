/** Why there is no answer; thrown by `preProcess` and `postProcess`. */
export class Failure extends Error {
  /** @param {{ tag: "invalid", val: [string, string] } | { tag: "simulation", val: string }} reason */
  constructor(reason) {
    super(reason.tag === "invalid" ? `${reason.val[0]}: ${reason.val[1]}` : reason.val);
    this.reason = reason;
  }
}

/**
 * The request cannot be simulated; the caller can mend it.
 * @param {string} pointer JSON Pointer into the parameters, e.g. `/length_m`
 * @param {string} message what is wrong there
 */
export function invalid(pointer, message) {
  return new Failure({ tag: "invalid", val: [pointer, message] });
}

/**
 * The simulation ran and gave no usable answer.
 * @param {string} message
 */
export function simulation(message) {
  return new Failure({ tag: "simulation", val: message });
}
