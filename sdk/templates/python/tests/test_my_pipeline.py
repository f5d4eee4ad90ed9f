import unittest
from typing import Any

from my_pipeline import MyPipeline, theory
from my_pipeline.params import Params
from simulay import Ending, How, InvalidRequest, SimulationFailed, values
from simulay.testing import Answer, Call, CallFailed, check, disagreements, trial


def populations(call: Call) -> Answer:
    """What Octave would write: here, by the classic Runge-Kutta method."""
    p: Params = values.typed(Params, call.params)

    def rates(x: float, y: float) -> tuple[float, float]:
        prey = (p.prey_growth_per_a - p.predation_per_a * y) * x
        return prey, (p.conversion_per_a * x - p.predator_decline_per_a) * y

    h = p.time_a / (p.points - 1)
    x, y = [p.prey], [p.predators]
    for _ in range(p.points - 1):
        a = rates(x[-1], y[-1])
        b = rates(x[-1] + h / 2 * a[0], y[-1] + h / 2 * a[1])
        c = rates(x[-1] + h / 2 * b[0], y[-1] + h / 2 * b[1])
        d = rates(x[-1] + h * c[0], y[-1] + h * c[1])
        x.append(x[-1] + h / 6 * (a[0] + 2 * b[0] + 2 * c[0] + d[0]))
        y.append(y[-1] + h / 6 * (a[1] + 2 * b[1] + 2 * c[1] + d[1]))
    times = [h * i for i in range(p.points)]
    return Answer().json("populations.json", {"t_a": times, "prey": x, "predators": y})


class MyPipelineTest(unittest.TestCase):
    def test_the_examples_come_out(self) -> None:
        for example in MyPipeline.manifest.examples:
            done = trial(MyPipeline, values.plain(example.params)).run(populations)
            self.assertEqual(disagreements(example.expect, done.outcome, example.tolerance), [])
            self.assertLess(done.outcome["drift"], 1e-5)

    def test_parameters_reach_octave_with_their_defaults(self) -> None:
        (call,) = trial(MyPipeline, {"prey": 12}).plan()
        self.assertEqual((call.params["prey"], call.params["predators"]), (12, 5))

    def test_what_would_stay_as_it_is_is_refused_where_it_is(self) -> None:
        for params in ({"prey": 4, "predators": 2.75}, {"prey": -1}, {"wolves": 1}):
            with self.subTest(params), self.assertRaises(InvalidRequest) as refused:
                trial(MyPipeline, params).plan()
            self.assertEqual(refused.exception.pointer, f"/{next(iter(params))}")

    def test_a_bad_ending_ends_the_run(self) -> None:
        for how, code in ((How.EXITED, 1), (How.OUT_OF_MEMORY, 0), (How.TIMED_OUT, 0)):
            with self.subTest(how), self.assertRaises(CallFailed) as failed:
                trial(MyPipeline).run(lambda call: Answer.ended(how, code))
            self.assertEqual(failed.exception.ending, Ending(how, code))

    def test_missing_and_damaged_output_is_no_answer(self) -> None:
        short: dict[str, Any] = {"t_a": [0], "prey": [1], "predators": [1]}
        for answer in (
            Answer(),
            Answer().file("populations.json", "{"),
            Answer().json("populations.json", short),
            Answer().json("populations.json", {**short, "prey": [None]}),
        ):
            with self.subTest(answer), self.assertRaises(SimulationFailed):
                trial(MyPipeline).run(lambda call: answer)

    def test_a_peak_out_of_sight_is_no_answer(self) -> None:
        with self.assertRaisesRegex(SimulationFailed, "longer"):
            trial(MyPipeline, {"time_a": 0.1}).run(populations)

    def test_a_peak_is_where_the_other_kind_is_at_rest(self) -> None:
        params = Params()
        peak, at_rest = theory.prey_peak(params), params.prey_growth_per_a / params.predation_per_a
        start = theory.conserved(params, params.prey, params.predators)
        self.assertAlmostEqual(theory.conserved(params, peak, at_rest), start)

    def test_the_manifest_holds(self) -> None:
        check(MyPipeline)


if __name__ == "__main__":
    unittest.main()
