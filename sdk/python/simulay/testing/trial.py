"""A pipeline from its parameters to its report, with a test in place of the containers."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from simulay import calls, log, values
from simulay.contract import ContainerCall, ContainerResult, Ending, Kept, Plot
from simulay.pipeline import Pipeline
from simulay.testing import globs, rules
from simulay.testing.answer import Answer, Call
from simulay.testing.memory import MemoryArtifacts
from simulay.testing.rules import Broken

MAX_STEPS = 100
"""As many as the host allows."""


class CallFailed(Exception):
    """A container did not exit with code 0, and its failure fails the run."""

    def __init__(self, name: str, ending: Ending) -> None:
        super().__init__(f"`{name}` {ending}")
        self.name = name
        self.ending = ending


@dataclass(frozen=True)
class Done:
    """What a run ends with."""

    outcome: Any
    plots: list[Plot]
    files: list[Kept]
    steps: list[list[Call]]
    """The calls of each step."""
    messages: list[tuple[str, str]]
    """Level and text of what was logged."""
    artifacts: MemoryArtifacts

    def file(self, name: str) -> bytes:
        """The content of a file offered under this name."""
        return self.artifacts.content(next(file.content for file in self.files if file.name == name))


def trial(
    pipeline: type[Pipeline[Any, Any, Any]],
    params: Mapping[str, Any] | None = None,
    inputs: Mapping[str, bytes] | None = None,
    seed: int = 0,
) -> "Trial":
    """A trial with these parameters, as a caller would give them, and these uploaded files."""
    return Trial(pipeline, dict(params or {}), dict(inputs or {}), seed)


class Trial:
    """A run to be tried; `trial` begins it."""

    def __init__(
        self,
        pipeline: type[Pipeline[Any, Any, Any]],
        params: dict[str, Any],
        inputs: dict[str, bytes],
        seed: int,
    ) -> None:
        self._pipeline = pipeline
        self._artifacts = MemoryArtifacts()
        stored = [self._artifacts.add(path, content) for path, content in inputs.items()]
        self._request = calls.PlainRequest(json.dumps(params), stored, seed)

    def plan(self) -> list[Call]:
        """The calls of the first step; nothing is run."""
        return self._admit(self._pre_process())

    def run(self, answer: Callable[[Call], Answer]) -> Done:
        """Runs to the end; `answer` says what each container leaves.

        Raises `InvalidRequest`, `SimulationFailed`, `CallFailed` or `Broken`.
        """
        messages: list[tuple[str, str]] = []
        before = log.to(lambda level, message: messages.append((level, message)))
        try:
            return self._run(answer, messages)
        finally:
            log.to(before)

    def _run(self, answer: Callable[[Call], Answer], messages: list[tuple[str, str]]) -> Done:
        step = self._pre_process()
        steps: list[list[Call]] = []
        while len(steps) < MAX_STEPS:
            asked = self._admit(step)
            results = [self._carry_out(call, answer(call)) for call in asked]
            steps.append(asked)
            following = self._post_process(step.state, results)
            if isinstance(following, calls.PlainReport):
                return self._finish(following, steps, messages)
            step = following
        raise Broken(f"no report after {MAX_STEPS} steps")

    def _pre_process(self) -> calls.PlainStep:
        return calls.pre_process(self._pipeline(), self._request, self._artifacts.read)

    def _post_process(self, state: str, results: list[ContainerResult]) -> calls.PlainReport | calls.PlainStep:
        # A pipeline of its own for each call, as with the host: what it keeps in itself is lost.
        return calls.post_process(self._pipeline(), self._request, state, results, self._artifacts.read)

    def _admit(self, step: calls.PlainStep) -> list[Call]:
        rules.check_calls(step.calls, self._pipeline.manifest)
        for call in step.calls:
            for file in call.files:
                rules.require(self._artifacts.has(file.content), f"`{file.path}` is no artifact of this run")
        return [Call(call) for call in step.calls]

    def _carry_out(self, call: Call, answer: Answer) -> ContainerResult:
        if not answer.ending.good and not call.asked.report_failure:
            raise CallFailed(call.name, answer.ending)
        kept = [
            self._artifacts.add(path, content)
            for path, content in answer.files.items()
            if self._keeps(call.asked, path, content)
        ]
        return ContainerResult(
            name=call.name,
            ending=answer.ending,
            stdout=answer.stdout,
            stderr=answer.stderr,
            outputs=kept,
            wall_ms=1,
            reused=False,
            left_out=answer.left_out,
            left_out_more=answer.left_out_more,
            stdout_omitted=answer.stdout_omitted,
            stderr_omitted=answer.stderr_omitted,
            cpu_ms=answer.cpu_ms,
            peak_memory_bytes=answer.peak_memory_bytes,
        )

    def _keeps(self, call: ContainerCall, path: str, content: bytes) -> bool:
        placed = {file.path: self._artifacts.content(file.content) for file in call.files}
        if not call.keep_unchanged and placed.get(path) == content:
            return False
        return globs.any_matches(call.outputs, path) and not globs.any_matches(call.excludes, path)

    def _finish(self, report: calls.PlainReport, steps: list[list[Call]], messages: list[tuple[str, str]]) -> Done:
        try:
            values.load(self._pipeline.outcome_type, report.outcome)
        except values.Misfit as error:
            raise Broken(f"outcome {error}") from None
        rules.check_plots(report.plots)
        rules.check_files(report.files)
        for file in report.files:
            rules.require(self._artifacts.has(file.content), f"`{file.name}` is no artifact of this run")
        outcome = json.loads(report.outcome)
        return Done(outcome, report.plots, report.files, steps, messages, self._artifacts)
