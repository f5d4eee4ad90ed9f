"""The exact peaks.

Along each orbit `d x - c ln x + b y - a ln y` is conserved (e.g. Murray, Mathematical Biology I, section 3.1).
"""

from math import log

from my_pipeline.params import Params


def conserved(params: Params, prey: float, predators: float) -> float:
    """The conserved quantity."""
    return _share(params.conversion_per_a, params.predator_decline_per_a, prey) + _share(
        params.predation_per_a, params.prey_growth_per_a, predators
    )


def prey_peak(params: Params) -> float:
    """Most prey: there the predators are at rest."""
    at_rest = params.prey_growth_per_a / params.predation_per_a
    rest = _share(params.predation_per_a, params.prey_growth_per_a, at_rest)
    total = conserved(params, params.prey, params.predators)
    return _greater_root(params.conversion_per_a, params.predator_decline_per_a, total - rest)


def predators_peak(params: Params) -> float:
    """Most predators: there the prey is at rest."""
    at_rest = params.predator_decline_per_a / params.conversion_per_a
    rest = _share(params.conversion_per_a, params.predator_decline_per_a, at_rest)
    total = conserved(params, params.prey, params.predators)
    return _greater_root(params.predation_per_a, params.prey_growth_per_a, total - rest)


def _share(slope: float, weight: float, value: float) -> float:
    return slope * value - weight * log(value)


def _greater_root(slope: float, weight: float, total: float) -> float:
    """The greater z with slope z - weight ln z = total, by bisection right of the minimum."""
    low = high = weight / slope
    while _share(slope, weight, high) < total:
        high *= 2
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (middle, high) if _share(slope, weight, middle) < total else (low, middle)
    return (low + high) / 2
