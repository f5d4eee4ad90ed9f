"""A pipeline to try the test kit with: it squares, halving its step until the answer is good."""

from dataclasses import dataclass
from typing import Annotated, Literal

from simulay import (
    About,
    Example,
    Image,
    InvalidRequest,
    Manifest,
    Pipeline,
    Report,
    Request,
    Results,
    SimulationFailed,
    Step,
    again,
    log,
    octave,
    series,
)


@dataclass(frozen=True)
class Mesh:
    cells: Annotated[int, About("Along an edge.", minimum=1, maximum=64)] = 8


@dataclass(frozen=True)
class Params:
    """What to square."""

    edge_m: Annotated[float, About("Length of an edge.", title="Edge", unit="m", above=0, maximum=1000)]
    scheme: Literal["fast", "exact"] = "fast"
    mesh: Mesh = Mesh()
    label: str | None = None


@dataclass(frozen=True)
class Outcome:
    area_m2: Annotated[float, About("Area.", unit="m2")]
    steps: int = 0


@dataclass(frozen=True)
class State:
    cells: int
    areas: list[float]


class Square(Pipeline[Params, State, Outcome]):
    manifest = Manifest(
        name="square",
        version="1.0.0",
        title="Area of a square",
        description="Squares a length.",
        images=[Image("octave", "Squares.")],
        examples=[Example("three", Params(3.0), {"area_m2": 9.0}, 1e-6)],
        max_parallel=1,
    )

    def pre_process(self, request: Request[Params]) -> Step[State]:
        if request.params.edge_m == 13:
            raise InvalidRequest("/edge_m", "is unlucky")
        return self._step(request, State(request.params.mesh.cells, []))

    def post_process(self, request: Request[Params], state: State, results: Results) -> Report[Outcome] | Step[State]:
        found = results.call("area")
        area = found.json("result.json", dict[str, float])["area_m2"]
        if area < 0:
            raise SimulationFailed("the area is negative")
        log.info(f"{state.cells} cells: {area}")
        areas = [*state.areas, area]
        if len(areas) < 2 or abs(areas[-1] - areas[-2]) > 1e-6:
            return self._step(request, State(2 * state.cells, areas))
        report = Report(Outcome(area, len(areas)))
        x = series("refinement", "", range(len(areas)))
        return report.plot("Area", x, [series("area", "m2", areas)]).keep(found.file("result.json"))

    def _step(self, request: Request[Params], state: State) -> Step[State]:
        call = octave.script(
            "area", "squares", params={"edge_m": request.params.edge_m, "cells": state.cells}, keep=["*.json"]
        )
        return again(state, call)
