import unittest
from collections.abc import Callable, Mapping
from dataclasses import replace
from math import pi
from typing import Any

from pid_tuning import PidTuning, rules
from pid_tuning.params import Params
from pid_tuning.state import Limit
from simulay import How, InvalidRequest, SimulationFailed, values
from simulay.testing import Answer, Call, CallFailed, Done, check, disagreements, trial

SENSITIVITIES = {"ziegler-nichols": 2.2, "tyreus-luyben": 1.7, "no-overshoot": 1.4, "simc": 1.5}
Answers = Callable[[Call], Answer]


def loop(controller: Mapping[str, float], **changes: Any) -> dict[str, Any]:
    """What `loop_of.m` would write."""
    area = controller["Ti_s"] / controller["Kp"]
    lines = {"t_s": [0, 1], "set_point": [0, 1], "load": [0, 0.5]}
    errors = {"load_area_s": area, "load_error_s": 1.1 * area, "overshoot": 0.1, "settling_s": 100}
    margins = {"sensitivity": 1.6, "gain_margin": 3, "phase_margin_deg": 50}
    return {"stable": True, **lines, **errors, **margins, **changes}


def octave(call: Call) -> Answer:
    """What Octave would leave, for each of the four steps."""
    params = call.params
    if call.name == "identify":
        return Answer().json("limit.json", rules.exact_limit(values.typed(Params, params)))
    if call.name == "tune":
        better = {**params["controller"], "Kp": 2 * params["controller"]["Kp"]}
        return Answer().json("controller.json", better).json("loop.json", loop(better))
    sensitivity = SENSITIVITIES.get(call.name, 1.9)
    return Answer().json("loop.json", loop(params["controller"], sensitivity=sensitivity))


def instead(name: str, answer: Answer) -> Answers:
    """As `octave`, but for one call."""
    return lambda call: answer if call.name == name else octave(call)


def tuned(answers: Answers = octave, **params: Any) -> Done:
    return trial(PidTuning, params).run(answers)


class PidTuningTest(unittest.TestCase):
    def test_four_steps_lead_to_the_report(self) -> None:
        done = tuned()
        names = [[call.name for call in step] for step in done.steps]
        self.assertEqual(names[0], ["identify"])
        self.assertEqual(names[1], list(SENSITIVITIES))
        self.assertEqual(names[2], ["tune"])
        self.assertEqual(names[3], ["less-gain", "more-gain", "less-lag", "more-lag"])
        self.assertEqual(disagreements(PidTuning.manifest.examples[0].expect, done.outcome, 1e-3), [])
        self.assertAlmostEqual(done.outcome["gain_over_best_rule"], 2)
        self.assertEqual(done.outcome["worst_sensitivity"], 1.9)
        self.assertEqual(len(done.plots[0].ys), 5)

    def test_the_search_begins_with_the_least_error_within_the_limit(self) -> None:
        self.assertEqual(tuned().outcome["best_rule"], "no-overshoot")
        bold = tuned(sensitivity_limit=2.5)
        self.assertEqual(bold.outcome["best_rule"], "ziegler-nichols")

    def test_plants_that_are_off_are_off_by_what_is_said(self) -> None:
        proofs = {call.name: call.params["plant"] for call in tuned(uncertainty=0.5).steps[3]}
        self.assertEqual((proofs["less-gain"]["gain"], proofs["more-lag"]["lag_s"]), (1.0, 15.0))

    def test_a_rule_that_fails_is_a_verdict(self) -> None:
        for answer in (
            Answer.ended(How.OUT_OF_MEMORY),
            Answer.ended(How.TIMED_OUT),
            Answer.exit(1),
            Answer().json("loop.json", {"stable": False}),
        ):
            with self.subTest(answer):
                verdicts = {verdict["rule"]: verdict for verdict in tuned(instead("simc", answer)).outcome["rules"]}
                self.assertIsNone(verdicts["simc"]["quality"])
                self.assertIsNotNone(verdicts["no-overshoot"]["quality"])

    def test_a_plant_that_is_off_and_unstable_is_told(self) -> None:
        done = tuned(instead("more-gain", Answer().json("loop.json", {"stable": False})))
        self.assertEqual((done.outcome["robust"], done.outcome["worst_sensitivity"]), (False, None))

    def test_without_a_stable_rule_there_is_no_search(self) -> None:
        unstable = Answer().json("loop.json", {"stable": False})
        with self.assertRaisesRegex(SimulationFailed, "no known rule"):
            tuned(lambda call: unstable if call.name in SENSITIVITIES else octave(call))

    def test_what_contradicts_the_theory_is_no_answer(self) -> None:
        with self.assertRaisesRegex(SimulationFailed, "ultimate gain is 2.1; theory gives 2"):
            tuned(instead("identify", Answer().json("limit.json", Limit(2.1, 20 * pi))))
        wrong = loop({"Kp": 1, "Ti_s": 1})
        with self.assertRaisesRegex(SimulationFailed, "load area of simc"):
            tuned(instead("simc", Answer().json("loop.json", wrong)))

    def test_a_search_that_ends_badly_is_no_answer(self) -> None:
        settings = {"Kp": 1, "Ti_s": 1, "Td_s": 0}
        for found in ({"stable": False}, loop(settings, sensitivity=1.8)):
            answer = Answer().json("controller.json", settings).json("loop.json", found)
            with self.subTest(found), self.assertRaisesRegex(SimulationFailed, "more evaluations"):
                tuned(instead("tune", answer))

    def test_missing_and_damaged_output_is_no_answer(self) -> None:
        for name, answer in (
            ("identify", Answer()),
            ("identify", Answer().json("limit.json", {"ultimate_gain": None, "ultimate_period_s": 1})),
            ("simc", Answer()),
            ("tune", Answer().json("controller.json", {"Kp": 1, "Ti_s": 1, "Td_s": 0})),
            ("tune", Answer().file("controller.json", "[")),
        ):
            with self.subTest(name), self.assertRaises(SimulationFailed):
                tuned(instead(name, answer))

    def test_a_bad_ending_of_the_search_ends_the_run(self) -> None:
        for how in (How.OUT_OF_MEMORY, How.TIMED_OUT, How.SIGNALLED):
            with self.subTest(how), self.assertRaises(CallFailed) as failed:
                tuned(instead("tune", Answer.ended(how)))
            self.assertEqual(failed.exception.name, "tune")

    def test_two_lags_are_refused(self) -> None:
        with self.assertRaises(InvalidRequest) as refused:
            trial(PidTuning, {"lags": 2}).plan()
        self.assertEqual(refused.exception.pointer, "/lags")

    def test_the_manifest_holds(self) -> None:
        check(PidTuning)


class TheTheory(unittest.TestCase):
    def test_of_lags_that_oscillate(self) -> None:
        # Three lags: gain 8 at the frequency sqrt(3)/T.
        limit = rules.exact_limit(replace(Params(), gain=1.0, lags=3, lag_s=1.0))
        self.assertAlmostEqual(limit.ultimate_gain, 8)
        self.assertAlmostEqual(limit.ultimate_period_s, 2 * pi / 3**0.5)

    def test_of_rules(self) -> None:
        known = rules.known_rules(Params(), Limit(2.0, 20 * pi))
        self.assertEqual(known["ziegler-nichols"].Kp, 1.2)
        # The half rule: a lag of 15 s and a delay of 25 s.
        self.assertEqual((known["simc"].Kp, known["simc"].Ti_s), (0.15, 15.0))


if __name__ == "__main__":
    unittest.main()
