import unittest
from dataclasses import replace
from typing import Any

from simulay import (
    Ending,
    FromArtifact,
    How,
    InvalidRequest,
    Kept,
    Report,
    Resources,
    SimulationFailed,
    Step,
    again,
    octave,
)
from simulay.contract import File
from simulay.testing import Answer, Broken, Call, CallFailed, check, disagreements, globs, trial
from tests.square import Outcome, Square, State


def squares(call: Call) -> Answer:
    """What Octave would write: good to one over the number of cells."""
    area = call.params["edge_m"] ** 2
    error = 1.0 if call.params["cells"] < 16 else 0.0
    return Answer().json("result.json", {"area_m2": area + error}).file("field.csv", "1,2")


class ATrial(unittest.TestCase):
    def test_goes_from_parameters_through_again_to_the_report(self) -> None:
        done = trial(Square, {"edge_m": 3}).run(squares)
        self.assertEqual(done.outcome, {"area_m2": 9.0, "steps": 3})
        self.assertEqual([step[0].params["cells"] for step in done.steps], [8, 16, 32])
        self.assertEqual(done.plots[0].ys[0].values, [10.0, 9.0, 9.0])
        self.assertEqual(done.file("result.json"), b'{"area_m2": 9.0}')
        self.assertEqual(done.messages[0], ("info", "8 cells: 10.0"))

    def test_agrees_with_the_worked_case(self) -> None:
        example = Square.manifest.examples[0]
        outcome = trial(Square, {"edge_m": 3}).run(squares).outcome
        self.assertEqual(disagreements(example.expect, outcome, example.tolerance), [])
        self.assertEqual(len(disagreements({"area_m2": 9.1, "more": True}, outcome, 1e-3)), 2)

    def test_refuses_parameters_where_they_are_wrong(self) -> None:
        for params, place in (({}, "/edge_m"), ({"edge_m": -1}, "/edge_m"), ({"edge_m": 13}, "/edge_m")):
            with self.assertRaises(InvalidRequest) as refused:
                trial(Square, params).plan()
            self.assertEqual(refused.exception.pointer, place)

    def test_ends_where_a_container_does(self) -> None:
        for how in How:
            code = 1 if how is How.EXITED else 0
            with self.subTest(how), self.assertRaises(CallFailed) as failed:
                trial(Square, {"edge_m": 3}).run(lambda call: Answer.ended(how, code))
            self.assertEqual((failed.exception.name, failed.exception.ending), ("area", Ending(how, code)))

    def test_fails_for_want_of_a_usable_file(self) -> None:
        for answer, told in (
            (Answer(), "left no file"),
            (Answer().file("result.json", "{"), "no JSON"),
            (Answer().file("result.json", b"\xff"), "no JSON"),
            (Answer().file("result.json", '{"area_m2": null}'), "/area_m2: must be a number, not null"),
            (Answer().json("result.json", {"area_m2": -1}), "negative"),
            (Answer().json("result.json", {"area_m2": 1}).without("result.json"), "left no file"),
        ):
            with self.subTest(told), self.assertRaisesRegex(SimulationFailed, told):
                trial(Square, {"edge_m": 3}).run(lambda call: answer)

    def test_has_only_files_that_are_kept(self) -> None:
        class Curious(Square):
            def post_process(self, request, state, results):  # type: ignore[no-untyped-def]
                results.call("area").file("field.csv")

        with self.assertRaisesRegex(SimulationFailed, "field.csv"):
            trial(Curious, {"edge_m": 3}).run(squares)

    def test_tells_why_a_file_was_left_out(self) -> None:
        left_out = Answer().leaves_out("result.json", "it is a device")
        with self.assertRaisesRegex(SimulationFailed, "`result.json` of `area` was left out: it is a device"):
            trial(Square, {"edge_m": 3}).run(lambda call: left_out)
        with self.assertRaisesRegex(SimulationFailed, "2 further ones were left out"):
            trial(Square, {"edge_m": 3}).run(lambda call: Answer(left_out_more=2))

    def test_hands_on_what_a_container_used(self) -> None:
        class Measured(Square):
            def post_process(self, request, state, results):  # type: ignore[no-untyped-def]
                found = results.call("area")
                used = [found.cpu_ms, found.peak_memory_bytes, found.stdout_omitted, found.stderr_omitted]
                return Report(Outcome(float(sum(used))))

        answer = Answer(cpu_ms=1, peak_memory_bytes=20, stdout_omitted=300, stderr_omitted=4000)
        self.assertEqual(trial(Measured, {"edge_m": 3}).run(lambda call: answer).outcome["area_m2"], 4321)

    def test_keeps_what_is_asked_for_with_its_folders(self) -> None:
        def kept(**asked: Any) -> list[str]:
            class Keeps(Square):
                def pre_process(self, request):  # type: ignore[no-untyped-def]
                    call = octave.script("area", "x", files={"in.csv": "1"}, keep=["**"], **asked)
                    return again(State(1, []), call)

                def post_process(self, request, state, results):  # type: ignore[no-untyped-def]
                    report = Report(Outcome(1.0))
                    for file in results.call("area").files():
                        report = report.keep(file)
                    return report

            left = Answer().file("in.csv", "1").file("out/a b/-f.csv", "2").file("out/f.tmp", "3")
            done = trial(Keeps, {"edge_m": 3}).run(lambda call: left)
            return [file.name for file in done.files]

        self.assertEqual(kept(), ["in.csv", "out/a b/-f.csv", "out/f.tmp"])
        self.assertEqual(kept(exclude=["**/*.tmp"], changed_only=True), ["out/a b/-f.csv"])

    def test_carries_nothing_but_the_state(self) -> None:
        class Forgetful(Square):
            seen = 0

            def pre_process(self, request):  # type: ignore[no-untyped-def]
                self.seen = 1
                return super().pre_process(request)

            def post_process(self, request, state, results):  # type: ignore[no-untyped-def]
                return Report(Outcome(float(self.seen)))

        self.assertEqual(trial(Forgetful, {"edge_m": 3}).run(squares).outcome["area_m2"], 0)

    def test_reports_failures_that_are_asked_for(self) -> None:
        class Tolerant(Square):
            def pre_process(self, request):  # type: ignore[no-untyped-def]
                step = super().pre_process(request)
                return Step([replace(step.calls[0], report_failure=True)], step.state)

        with self.assertRaisesRegex(SimulationFailed, "`area` ran out of memory"):
            trial(Tolerant, {"edge_m": 3}).run(lambda call: Answer.ended(How.OUT_OF_MEMORY))


class TheHostsRules(unittest.TestCase):
    def refused(self, rule: str, **changes: Any) -> None:
        class Changed(Square):
            def pre_process(self, request):  # type: ignore[no-untyped-def]
                step = super().pre_process(request)
                return Step([replace(step.calls[0], **changes)], step.state)

        with self.subTest(rule), self.assertRaisesRegex(Broken, rule):
            trial(Changed, {"edge_m": 3}).plan()

    def test_hold_for_calls(self) -> None:
        self.refused("a name has", name="a b")
        self.refused("does not declare", image="python")
        self.refused("command is empty", command=[])
        self.refused("memory_mib is 513", resources=Resources(memory_mib=513))
        self.refused("no relative path", files=[File("../a", "")])
        self.refused("same path", files=[File("a", ""), File("a", "")])
        self.refused("no artifact", files=[File("a", FromArtifact("00"))])
        self.refused("pattern", outputs=["/etc/*"])
        self.refused("pattern", excludes=["../*"])

    def test_hold_for_reports(self) -> None:
        for report, rule in (
            (Report(Outcome("9")), "area_m2"),  # type: ignore[arg-type]
            (Report(Outcome(9.0), files=[Kept("../b", "text/plain", "")]), "no relative path"),
            (Report(Outcome(9.0), files=[Kept("a", "text/plain", FromArtifact("00"))]), "no artifact"),
        ):

            class Reports(Square):
                def post_process(self, request, state, results):  # type: ignore[no-untyped-def]
                    return report

            with self.subTest(rule), self.assertRaisesRegex(Broken, rule):
                trial(Reports, {"edge_m": 3}).run(squares)

    def test_hold_for_manifests(self) -> None:
        check(Square)
        for changes in ({"name": "Square"}, {"version": "1"}, {"title": ""}, {"max_parallel": 0}):

            class Changed(Square):
                manifest = replace(Square.manifest, **changes)

            with self.subTest(changes), self.assertRaises(Broken):
                check(Changed)

    def test_an_outcome_that_is_not_finite_is_no_answer(self) -> None:
        class Diverges(Square):
            def post_process(self, request, state, results):  # type: ignore[no-untyped-def]
                return Report(Outcome(float("inf")))

        with self.assertRaisesRegex(SimulationFailed, "/area_m2: inf is not finite"):
            trial(Diverges, {"edge_m": 3}).run(squares)

    def test_patterns_are_those_of_the_host(self) -> None:
        for pattern, path, matches in (
            ("*.csv", "a.csv", True),
            ("*.csv", "out/a.csv", False),
            ("out/**", "out/b/a.csv", True),
            ("**/*.csv", "a.csv", True),
            ("**/*.csv", "out/b/a.csv", True),
            ("?.{csv,json}", "a.json", True),
            ("?.{csv,json}", "a.png", False),
            ("[!a].csv", "b.csv", True),
            ("[!a].csv", "a.csv", False),
            ("a.c", "abc", False),
        ):
            self.assertEqual(globs.matches(pattern, path), matches, (pattern, path))


if __name__ == "__main__":
    unittest.main()
