/** @import { Params } from "./manifest.js" */

/** @param {Params} params */
export function smallAnglePeriod(params) {
  return 2 * Math.PI * Math.sqrt(params.length_m / params.gravity_m_per_s2);
}

/** @param {Params} params */
export function exactPeriod(params) {
  const half = (params.angle_deg * Math.PI) / 360;
  return smallAnglePeriod(params) / arithmeticGeometricMean(1, Math.cos(half));
}

/**
 * @param {number} a
 * @param {number} b
 */
function arithmeticGeometricMean(a, b) {
  while (Math.abs(a - b) > 1e-15 * a) [a, b] = [(a + b) / 2, Math.sqrt(a * b)];
  return a;
}
