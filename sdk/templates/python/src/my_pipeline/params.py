"""What the caller may say. Descriptions, ranges, units and defaults become the JSON Schema."""

from dataclasses import dataclass
from typing import Annotated

from simulay import About


def rate(description: str) -> About:
    """A rate per year."""
    return About(description, unit="/a", minimum=0.01, maximum=100)


def population(description: str) -> About:
    """A population."""
    return About(description, minimum=0.01, maximum=1000)


@dataclass(frozen=True)
class Params:
    """Prey and predators; both are counted in any unit, thousands for instance."""

    prey_growth_per_a: Annotated[float, rate("Growth of the prey without predators.")] = 1.1
    predation_per_a: Annotated[float, rate("Decline of the prey for each predator.")] = 0.4
    predator_decline_per_a: Annotated[float, rate("Decline of the predators without prey.")] = 0.4
    conversion_per_a: Annotated[float, rate("Growth of the predators for each prey.")] = 0.1
    prey: Annotated[float, population("Prey at the start.")] = 10.0
    predators: Annotated[float, population("Predators at the start.")] = 5.0
    time_a: Annotated[float, About("Time simulated.", unit="a", minimum=0.1, maximum=1000)] = 50.0
    points: Annotated[int, About("Points of time.", minimum=10, maximum=5000)] = 2001
