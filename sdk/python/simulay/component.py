"""A pipeline as a component. Only a component can import this module: `wit_world` is what it is built with."""

import sys
from typing import Any

from componentize_py_types import Err
from wit_world.exports import Pipeline as Contract
from wit_world.exports import pipeline as wit
from wit_world.imports import artifacts
from wit_world.imports import log as host_log
from wit_world.imports import types as wit_types

from simulay import calls, log, schema, values
from simulay.contract import (
    Artifact,
    ContainerCall,
    ContainerResult,
    Ending,
    FromArtifact,
    How,
    Omission,
    Plot,
    Resources,
    Series,
    Source,
)
from simulay.failure import Failure, InvalidRequest
from simulay.faults import Printed, in_full
from simulay.manifest import Example, Manifest
from simulay.pipeline import Pipeline


def export(pipeline: type[Pipeline[Any, Any, Any]]) -> type[Contract]:
    """What a component exports: `Pipeline = export(MyPipeline)`."""
    described = _manifest(pipeline)

    class Exported(Contract):
        def describe(self) -> wit.Manifest:
            return described

        def pre_process(self, request: wit.Request) -> wit.Step:
            _begin()
            try:
                return _step(calls.pre_process(pipeline(), _request(request), _read))
            except Exception as error:
                raise _refusal(error) from None

        def post_process(self, request: wit.Request, state: str, results: list[wit_types.ContainerResult]) -> wit.Next:
            _begin()
            plain = [_result(result) for result in results]
            try:
                return _next(calls.post_process(pipeline(), _request(request), state, plain, _read))
            except Exception as error:
                raise _refusal(error) from None

    return Exported


def _read(sha256: str, offset: int, length: int) -> bytes:
    return artifacts.read(sha256, offset, length)


def _manifest(pipeline: type[Pipeline[Any, Any, Any]]) -> wit.Manifest:
    said: Manifest = pipeline.manifest
    return wit.Manifest(
        name=said.name,
        version=said.version,
        title=said.title,
        description=said.description,
        params_schema=values.dump(schema.of_params(pipeline.params_type)),
        result_schema=values.dump(schema.of_outcome(pipeline.outcome_type)),
        images=[wit.Image(image.name, image.purpose) for image in said.images],
        max_resources=_resources(said.max_resources),
        max_parallel=said.max_parallel,
        examples=[_example(example) for example in said.examples],
    )


def _example(example: Example) -> wit.Example:
    expect = None if example.expect is None else values.dump(example.expect)
    return wit.Example(example.name, values.dump(example.params), expect, float(example.tolerance))


def _request(request: wit.Request) -> calls.PlainRequest:
    return calls.PlainRequest(request.params, [_artifact(input) for input in request.inputs], request.seed)


def _artifact(artifact: wit_types.Artifact) -> Artifact:
    return Artifact(artifact.path, artifact.size, artifact.sha256, artifact.media_type)


def _result(result: wit_types.ContainerResult) -> ContainerResult:
    return ContainerResult(
        name=result.name,
        ending=_ending(result.ending),
        stdout=result.stdout,
        stderr=result.stderr,
        outputs=[_artifact(output) for output in result.outputs],
        wall_ms=result.wall_ms,
        reused=result.reused,
        left_out=[Omission(omission.path, omission.reason) for omission in result.left_out],
        left_out_more=result.left_out_more,
        stdout_omitted=result.stdout_omitted,
        stderr_omitted=result.stderr_omitted,
        cpu_ms=result.cpu_ms,
        peak_memory_bytes=result.peak_memory_bytes,
    )


WAYS = {
    wit_types.Ending_Exited: How.EXITED,
    wit_types.Ending_Signalled: How.SIGNALLED,
    wit_types.Ending_OutOfMemory: How.OUT_OF_MEMORY,
    wit_types.Ending_TimedOut: How.TIMED_OUT,
    wit_types.Ending_ScratchFull: How.SCRATCH_FULL,
    wit_types.Ending_OutputLimit: How.OUTPUT_LIMIT,
    wit_types.Ending_ProcessLimit: How.PROCESS_LIMIT,
}


def _ending(ending: wit_types.Ending) -> Ending:
    return Ending(WAYS[type(ending)], getattr(ending, "value", 0))


def _next(following: calls.PlainReport | calls.PlainStep) -> wit.Next:
    if isinstance(following, calls.PlainStep):
        return wit.Next_Again(_step(following))
    plots = [_plot(plot) for plot in following.plots]
    files = [wit.Kept(file.name, file.media_type, _source(file.content)) for file in following.files]
    return wit.Next_Done(wit.Report(following.outcome, plots, files))


def _step(step: calls.PlainStep) -> wit.Step:
    return wit.Step([_call(call) for call in step.calls], step.state)


def _call(call: ContainerCall) -> wit_types.ContainerCall:
    on_failure = wit_types.OnFailure.REPORT if call.report_failure else wit_types.OnFailure.FAIL_RUN
    return wit_types.ContainerCall(
        name=call.name,
        image=call.image,
        command=call.command,
        env=list(call.env),
        files=[wit_types.File(file.path, _source(file.content)) for file in call.files],
        outputs=call.outputs,
        excludes=call.excludes,
        keep_unchanged=call.keep_unchanged,
        resources=_resources(call.resources),
        on_failure=on_failure,
        deterministic=call.deterministic,
    )


def _resources(asked: Resources) -> wit_types.Resources:
    return wit_types.Resources(asked.cpu_milli, asked.memory_mib, asked.scratch_mib, asked.timeout_ms)


def _source(source: Source) -> wit_types.Source:
    if isinstance(source, str):
        return wit_types.Source_Text(source)
    if isinstance(source, FromArtifact):
        return wit_types.Source_Artifact(source.sha256)
    return wit_types.Source_Bytes(bytes(source))


def _plot(plot: Plot) -> wit.Plot:
    return wit.Plot(plot.title, _series(plot.x), [_series(y) for y in plot.ys])


def _series(series: Series) -> wit.Series:
    return wit.Series(series.name, series.unit, [float(value) for value in series.values])


def _begin() -> None:
    """Sends what is logged and printed to the host, which is not there yet while the component is built."""
    log.to(lambda level, message: host_log.write(host_log.Level[level.upper()], message))
    sys.stdout = sys.stderr = Printed(log.info)


def _refusal(error: Exception) -> Err[wit.Failure]:
    if isinstance(error, InvalidRequest):
        return Err(wit.Failure_Invalid((error.pointer, error.message)))
    if isinstance(error, Failure):
        return Err(wit.Failure_Simulation(str(error)))
    return Err(wit.Failure_Simulation(f"the plugin has a fault: {in_full(error)}"))
