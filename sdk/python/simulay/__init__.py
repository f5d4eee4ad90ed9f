"""What a pipeline plugin in Python is written with.

A plugin decides, the host acts. Derive from `Pipeline`; its three types give the JSON Schemas:

    @dataclass(frozen=True)
    class Params:
        edge_m: Annotated[float, About("Length of an edge.", unit="m", minimum=0, maximum=1000)] = 1.0

    @dataclass(frozen=True)
    class Outcome:
        area_m2: Annotated[float, About("Area.", unit="m2")]

    class Square(Pipeline[Params, None, Outcome]):
        manifest = Manifest(
            name="square", version="0.1.0", title="Area of a square", description="Squares a length.",
            images=[Image("octave", "Squares.")],
        )

        def pre_process(self, request):
            return Step([octave.script("square", MAIN, params=request.params, keep=["result.json"])])

        def post_process(self, request, state, results):
            return Report(results.call("square").json("result.json", Outcome))

`simulay.testing` plays the host in unit tests, without Docker. A component has no clock, no randomness, no file and
no network: what is needed from a file is read while the module is imported.
"""

from simulay import log, octave
from simulay.about import About
from simulay.contract import (
    Artifact,
    ContainerCall,
    ContainerResult,
    Ending,
    File,
    FromArtifact,
    How,
    Kept,
    Omission,
    Plot,
    Resources,
    Series,
    Source,
)
from simulay.failure import Failure, InvalidRequest, SimulationFailed
from simulay.files import StoredFile
from simulay.manifest import Example, Image, Manifest
from simulay.pipeline import Pipeline, Request, Step, again
from simulay.report import Report, series
from simulay.results import CallResult, Results

__all__ = [
    "About",
    "Artifact",
    "CallResult",
    "ContainerCall",
    "ContainerResult",
    "Ending",
    "Example",
    "Failure",
    "File",
    "FromArtifact",
    "How",
    "Image",
    "InvalidRequest",
    "Kept",
    "Manifest",
    "Omission",
    "Pipeline",
    "Plot",
    "Report",
    "Request",
    "Resources",
    "Results",
    "Series",
    "SimulationFailed",
    "Source",
    "Step",
    "StoredFile",
    "again",
    "log",
    "octave",
    "series",
]
