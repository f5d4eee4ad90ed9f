"""What a step remembers for the one after it."""

from dataclasses import dataclass
from typing import Union

from pid_tuning.outcome import Controller, Quality, Verdict


@dataclass(frozen=True)
class Limit:
    """Where the plant begins to oscillate; `identify.m` writes it to `limit.json`."""

    ultimate_gain: float
    ultimate_period_s: float


@dataclass(frozen=True)
class Identifying:
    """The limit is looked for."""


@dataclass(frozen=True)
class Comparing:
    """The known rules are tried."""

    limit: Limit


@dataclass(frozen=True)
class Tuning:
    """A better controller is looked for."""

    limit: Limit
    rules: list[Verdict]
    best: Verdict


@dataclass(frozen=True)
class Proving:
    """The tuned controller is tried at other plants."""

    limit: Limit
    rules: list[Verdict]
    best: Verdict
    controller: Controller
    quality: Quality
    load_response: list[float]
    t_s: list[float]


State = Union[Identifying, Comparing, Tuning, Proving]
