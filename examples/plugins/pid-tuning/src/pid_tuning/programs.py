"""The container calls, and what comes back from them."""

from dataclasses import dataclass, replace
from typing import Any

from pid_tuning.outcome import Controller, Quality, Verdict
from pid_tuning.params import Params
from pid_tuning.state import Limit
from simulay import CallResult, ContainerCall, Resources, octave

FUNCTIONS = {name: octave.source(name) for name in ("plant.m", "controller.m", "loop_of.m", "cost_of.m")}
IDENTIFY = octave.source("identify.m")
EVALUATE = octave.source("evaluate.m")
TUNE = octave.source("tune.m")

SEARCH = Resources(timeout_ms=300_000)
POINTS = 1501
PERIODS = 20


@dataclass(frozen=True)
class Loop:
    """What `loop_of.m` finds; only `stable` is there when the loop is not."""

    stable: bool
    t_s: list[float] | None = None
    set_point: list[float] | None = None
    load: list[float] | None = None
    overshoot: float | None = None
    settling_s: float | None = None
    load_area_s: float | None = None
    load_error_s: float | None = None
    sensitivity: float | None = None
    gain_margin: float | None = None
    phase_margin_deg: float | None = None


def identify(params: Params) -> ContainerCall:
    """Looks for the limit."""
    files = {"plant.m": FUNCTIONS["plant.m"]}
    return octave.script("identify", IDENTIFY, params=params, files=files, keep=["limit.json"])


def evaluate(name: str, params: Params, limit: Limit, controller: Controller) -> ContainerCall:
    """Tries a controller; a failure is a verdict, not the end."""
    given = {"plant": _plant(params, limit), "controller": controller}
    return octave.script(name, EVALUATE, params=given, files=FUNCTIONS, keep=["loop.json"], report_failure=True)


def tune(params: Params, limit: Limit, best: Verdict, quality: Quality) -> ContainerCall:
    """Looks for a better controller."""
    given = {
        "plant": _plant(params, limit),
        "controller": best.controller,
        "sensitivity_limit": params.sensitivity_limit,
        "load_error_s": quality.load_error_s,
        "evaluations": params.evaluations,
    }
    keep = ["controller.json", "loop.json"]
    return octave.script("tune", TUNE, params=given, files=FUNCTIONS, keep=keep, resources=SEARCH)


def off_plants(params: Params) -> dict[str, Params]:
    """The plant with its gain or its lag off."""
    less, more = 1 - params.uncertainty, 1 + params.uncertainty
    return {
        "less-gain": replace(params, gain=params.gain * less),
        "more-gain": replace(params, gain=params.gain * more),
        "less-lag": replace(params, lag_s=params.lag_s * less),
        "more-lag": replace(params, lag_s=params.lag_s * more),
    }


def loop_of(result: CallResult) -> Loop | None:
    """The loop, when its container came to an end and it is stable."""
    if not result.ending.good:
        return None
    loop = result.json("loop.json", Loop)
    return loop if loop.stable else None


def quality_of(loop: Loop) -> Quality | None:
    """How good it is; none when a margin or a time is not finite."""
    names = ("sensitivity", "load_error_s", "overshoot", "settling_s", "gain_margin", "phase_margin_deg")
    found = {name: getattr(loop, name) for name in names}
    return None if None in found.values() else Quality(**found)


def _plant(params: Params, limit: Limit) -> dict[str, Any]:
    return {
        "gain": params.gain,
        "lag_s": params.lag_s,
        "lags": params.lags,
        "horizon_s": PERIODS * limit.ultimate_period_s,
        "points": POINTS,
    }
