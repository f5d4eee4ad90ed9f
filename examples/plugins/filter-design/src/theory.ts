import { tightened, type Family, type Params } from "./params.js";

/** The lowest order of a family that holds the specification, as a number that is rounded up. */
export function exactOrder(family: Family, params: Params): number {
  const { ripple_dB, attenuation_dB } = tightened(params);
  const selectivity = warped(params.stop_Hz, params) / warped(params.pass_Hz, params);
  const discrimination = Math.sqrt((10 ** (attenuation_dB / 10) - 1) / (10 ** (ripple_dB / 10) - 1));
  switch (family) {
    case "butterworth":
      return Math.log(discrimination) / Math.log(selectivity);
    case "chebyshev-1":
    case "chebyshev-2":
      return Math.acosh(discrimination) / Math.acosh(selectivity);
    case "elliptic":
      return periods(1 / selectivity) / periods(1 / discrimination);
  }
}

/** What the bilinear transformation makes of a frequency. */
function warped(f_Hz: number, { rate_Hz }: Params): number {
  return Math.tan((Math.PI * f_Hz) / rate_Hz);
}

/** The ratio K(k)/K'(k) of the quarter periods of the elliptic functions. */
function periods(modulus: number): number {
  return mean(1, modulus) / mean(1, Math.sqrt(1 - modulus * modulus));
}

/** The arithmetic–geometric mean of Gauss. */
function mean(a: number, b: number): number {
  while (Math.abs(a - b) > 1e-15 * a) [a, b] = [(a + b) / 2, Math.sqrt(a * b)];
  return a;
}
