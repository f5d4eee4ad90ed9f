"""The three functions of the contract, of values with their types on one side and JSON on the other."""

from dataclasses import dataclass
from typing import Any, Union

from simulay import values
from simulay.contract import Artifact, ContainerCall, ContainerResult, Kept, Plot
from simulay.failure import InvalidRequest, SimulationFailed
from simulay.files import Read, StoredFile
from simulay.pipeline import Pipeline, Request, Step
from simulay.report import Report
from simulay.results import Results


@dataclass(frozen=True)
class PlainRequest:
    """A request as the host gives it."""

    params: str
    inputs: list[Artifact]
    seed: int


@dataclass(frozen=True)
class PlainStep:
    """A step as the host takes it."""

    calls: list[ContainerCall]
    state: str


@dataclass(frozen=True)
class PlainReport:
    """A report as the host takes it."""

    outcome: str
    plots: list[Plot]
    files: list[Kept]


AnyPipeline = Pipeline[Any, Any, Any]


def pre_process(pipeline: AnyPipeline, request: PlainRequest, read: Read) -> PlainStep:
    """The first step."""
    return _plain_step(pipeline.pre_process(_typed_request(pipeline, request, read)))


def post_process(
    pipeline: AnyPipeline, request: PlainRequest, state: str, results: list[ContainerResult], read: Read
) -> Union[PlainReport, PlainStep]:
    """The report or the next step."""
    typed = _typed_request(pipeline, request, read)
    following = pipeline.post_process(typed, values.load(pipeline.state_type, state), Results(results, read))
    if isinstance(following, Step):
        return _plain_step(following)
    if isinstance(following, Report):
        return PlainReport(_outcome(following.outcome), following.plots, following.files)
    raise TypeError(f"post_process must return a Report or a Step, not {following!r}")


def _typed_request(pipeline: AnyPipeline, request: PlainRequest, read: Read) -> Request[Any]:
    try:
        params = values.load(pipeline.params_type, request.params)
    except values.Misfit as error:
        raise InvalidRequest(error.pointer, error.rule) from None
    return Request(params, [StoredFile(artifact, read) for artifact in request.inputs], request.seed)


def _plain_step(step: Step[Any]) -> PlainStep:
    return PlainStep(step.calls, values.dump(step.state))


def _outcome(outcome: Any) -> str:
    try:
        return values.dump(outcome)
    except values.Misfit as error:
        raise SimulationFailed(f"outcome {error}") from None
