"""What the caller is told."""

from dataclasses import dataclass
from typing import Annotated

from simulay import About


@dataclass(frozen=True)
class Controller:
    """`Kp (1 + 1/(Ti s) + Td s/(Td/10 s + 1))`."""

    Kp: Annotated[float, About("Gain.")]
    Ti_s: Annotated[float, About("Integral time.", unit="s")]
    Td_s: Annotated[float, About("Derivative time.", unit="s")]


@dataclass(frozen=True)
class Quality:
    """How good a loop is."""

    sensitivity: Annotated[float, About("Largest gain from a disturbance to the output.")]
    load_error_s: Annotated[float, About("Integral of the absolute error after a unit step of the load.", unit="s")]
    overshoot: Annotated[float, About("After a step of the set point, relative.")]
    settling_s: Annotated[float, About("Until the response is within 2 % for good.", unit="s")]
    gain_margin: Annotated[float, About("Factor on the gain that makes the loop oscillate.")]
    phase_margin_deg: Annotated[float, About("Further lag that makes the loop oscillate.", unit="deg")]


@dataclass(frozen=True)
class Verdict:
    """A rule, and the loop it leads to."""

    rule: str
    controller: Controller
    quality: Annotated[Quality | None, About("Null when the loop is unstable or its container failed.")]


@dataclass(frozen=True)
class Outcome:
    """The tuned controller, and how it was come by."""

    ultimate_gain: Annotated[float, About("Gain of a proportional controller that makes the loop oscillate.")]
    ultimate_gain_exact: Annotated[float, About("The same by theory.")]
    ultimate_period_s: Annotated[float, About("Period of that oscillation.", unit="s")]
    ultimate_period_exact_s: Annotated[float, About("The same by theory.", unit="s")]
    rules: list[Verdict]
    best_rule: Annotated[str, About("The one the search began with.")]
    controller: Annotated[Controller, About("The tuned one.")]
    quality: Annotated[Quality, About("Of the tuned loop.")]
    gain_over_best_rule: Annotated[float, About("Load error of the best rule over that of the tuned loop.")]
    worst_sensitivity: Annotated[float | None, About("Of the plants that are off; null when one is unstable.")]
    robust: Annotated[bool, About("Whether the loop is stable at each plant that is off.")]
