"""Prey and predators, by Lotka and Volterra."""

from dataclasses import dataclass

from my_pipeline import theory
from my_pipeline.outcome import Outcome
from my_pipeline.params import Params
from simulay import (
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
    octave,
    series,
)

MAIN = octave.source("main.m")


@dataclass(frozen=True)
class Populations:
    """What `main.m` writes to `populations.json`."""

    t_a: list[float]
    prey: list[float]
    predators: list[float]


class MyPipeline(Pipeline[Params, None, Outcome]):
    """The pipeline."""

    manifest = Manifest(
        name="my-pipeline",
        version="0.1.0",
        title="Prey and predators",
        description="Integrates the equations of Lotka and Volterra, and compares the peaks with the exact ones.",
        images=[Image("octave", "Integrates the populations.")],
        examples=[
            Example(
                "Two kinds in a closed habitat",
                Params(),
                {"prey_peak": 13.676_031_8, "predators_peak": 6.155_421_34},
                1e-5,
            )
        ],
    )

    def pre_process(self, request: Request[Params]) -> Step[None]:
        params = request.params
        if params.prey * params.conversion_per_a == params.predator_decline_per_a and (
            params.predators * params.predation_per_a == params.prey_growth_per_a
        ):
            raise InvalidRequest("/prey", "the populations would stay as they are; start with more or fewer")
        call = octave.script("populations", MAIN, params=params, keep=["populations.json"])
        return Step([call])

    def post_process(self, request: Request[Params], state: None, results: Results) -> Report[Outcome]:
        found = results.call("populations").json("populations.json", Populations)
        report = Report(compare(request.params, found))
        time = series("time", "a", found.t_a)
        lines = [series("prey", "", found.prey), series("predators", "", found.predators)]
        return report.plot("Populations", time, lines)


def compare(params: Params, found: Populations) -> Outcome:
    """The peaks beside the exact ones."""
    if not len(found.t_a) == len(found.prey) == len(found.predators) == params.points:
        raise SimulationFailed("the populations do not have a value at each point")
    if min(found.prey + found.predators) <= 0:
        raise SimulationFailed("a population dies out, which the equations do not allow: take more points")
    start = theory.conserved(params, params.prey, params.predators)
    pairs = zip(found.prey, found.predators)
    drift = max(abs(theory.conserved(params, *pair) - start) for pair in pairs)
    return Outcome(
        prey_peak=peak(found.prey),
        prey_peak_exact=theory.prey_peak(params),
        predators_peak=peak(found.predators),
        predators_peak_exact=theory.predators_peak(params),
        drift=drift,
    )


def peak(values: list[float]) -> float:
    """The top of the parabola through the greatest value and those beside it."""
    top = max(range(len(values)), key=values.__getitem__)
    if not 0 < top < len(values) - 1:
        raise SimulationFailed("the populations do not reach their peak: simulate a longer time")
    before, middle, after = values[top - 1 : top + 2]
    curvature = before - 2 * middle + after
    return middle if curvature == 0 else middle - (after - before) ** 2 / (8 * curvature)
