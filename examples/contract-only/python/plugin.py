"""A plugin against the contract alone: Octave adds up one to a hundred."""

import json

from componentize_py_types import Err
from wit_world.exports import Pipeline as Contract
from wit_world.exports.pipeline import (
    Failure_Simulation,
    Image,
    Manifest,
    Next,
    Next_Done,
    Report,
    Request,
    Step,
)
from wit_world.imports import artifacts
from wit_world.imports.types import (
    ContainerCall,
    ContainerResult,
    Ending_Exited,
    File,
    OnFailure,
    Resources,
    Source_Text,
)

RESOURCES = Resources(cpu_milli=500, memory_mib=256, scratch_mib=16, timeout_ms=60_000)
SCRIPT = """f = fopen("sum.json", "w"); fprintf(f, '{"sum": %d}', sum(1:100)); fclose(f);"""
PARAMS = {"type": "object", "additionalProperties": False}
OUTCOME = {"type": "object", "required": ["sum"], "properties": {"sum": {"type": "integer"}}}


class Pipeline(Contract):
    def describe(self) -> Manifest:
        return Manifest(
            name="contract-only-python",
            version="0.1.0",
            title="The sum of the first hundred",
            description="Built against the contract alone.",
            params_schema=json.dumps(PARAMS),
            result_schema=json.dumps(OUTCOME),
            images=[Image("octave", "Adds up.")],
            max_resources=RESOURCES,
            max_parallel=1,
            examples=[],
        )

    def pre_process(self, request: Request) -> Step:
        call = ContainerCall(
            name="sum",
            image="octave",
            command=["octave-cli", "-qfHW", "main.m"],
            env=[],
            files=[File("main.m", Source_Text(SCRIPT))],
            outputs=["sum.json"],
            excludes=[],
            keep_unchanged=True,
            resources=RESOURCES,
            on_failure=OnFailure.REPORT,
            deterministic=True,
        )
        return Step([call], "null")

    def post_process(self, request: Request, state: str, results: list[ContainerResult]) -> Next:
        for result in results:
            for output in result.outputs:
                if result.ending == Ending_Exited(0) and output.path == "sum.json":
                    return Next_Done(Report(artifacts.read(output.sha256, 0, output.size).decode(), [], []))
        raise Err(Failure_Simulation("no sum.json"))
