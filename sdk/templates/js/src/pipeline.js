import main from "../octave/main.m";
import { definePipeline, done, invalid, keep, list, number, object, octave, plot, read, series, simulation } from "../simulay/index.js";
import { manifest } from "./manifest.js";
import { exactPeriod, smallAnglePeriod } from "./pendulum.js";

/** What `main.m` writes to `swing.json`. */
const swing = object({
  period_s: number("Period"),
  final_amplitude_deg: number("Amplitude"),
  t_s: list("Times", number("t")),
  angle_deg: list("Angles", number("angle")),
});

/** Undamped, the two periods differ by the integrator's error alone. */
const MAX_ERROR = 1e-3;

export default definePipeline({
  manifest,

  preProcess({ params }) {
    const critical = (4 * Math.PI) / smallAnglePeriod(params);
    if (params.damping_per_s >= critical / 2) {
      throw invalid("/damping_per_s", `too strong to swing: it must be below ${(critical / 2).toPrecision(3)}`);
    }
    const call = octave("swing", main, {
      params: { ...params, end_s: (params.periods + 1) * exactPeriod(params) },
      keep: ["swing.json", "swing.csv"],
      resources: manifest.maxResources,
    });
    return { calls: [call], state: null };
  },

  postProcess({ params }, _state, results, host) {
    const result = read.result(results, "swing");
    const { period_s, final_amplitude_deg, t_s, angle_deg } = read.json(host, result, "swing.json", swing);
    const exact_period_s = exactPeriod(params);
    if (params.damping_per_s === 0 && Math.abs(period_s / exact_period_s - 1) > MAX_ERROR) {
      throw simulation(`the period, ${period_s} s, is not the exact one, ${exact_period_s} s`);
    }
    host.log("info", `period ${period_s} s, exact ${exact_period_s} s`);
    return done(
      { period_s, exact_period_s, small_angle_period_s: smallAnglePeriod(params), final_amplitude_deg },
      {
        plots: [plot("Swing", series("time", "s", t_s), series("angle", "deg", angle_deg))],
        artifacts: [keep(read.output(result, "swing.csv"))],
      },
    );
  },
});
