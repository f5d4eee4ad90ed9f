"""Outcomes against what the manifest's worked cases expect, as the host compares them."""

import math
from typing import Any

from simulay.manifest import Example


def agreement(example: Example, outcome: Any) -> bool:
    """Whether the outcome is what a worked case expects."""
    return not disagreements(example.expect, outcome, example.tolerance)


def disagreements(expect: Any, outcome: Any, tolerance: float, pointer: str = "") -> list[str]:
    """Where they differ, in words. Numbers agree within the relative `tolerance`; more fields may be there."""
    if isinstance(expect, dict) and isinstance(outcome, dict):
        return [
            line
            for name, value in expect.items()
            for line in disagreements(value, outcome.get(name), tolerance, f"{pointer}/{name}")
        ]
    if isinstance(expect, list) and isinstance(outcome, list) and len(expect) == len(outcome):
        return [
            line
            for index, value in enumerate(expect)
            for line in disagreements(value, outcome[index], tolerance, f"{pointer}/{index}")
        ]
    if expect == outcome or _close(expect, outcome, tolerance):
        return []
    return [f"{pointer}: expected {expect!r}, found {outcome!r}"]


def _close(expected: Any, found: Any, tolerance: float) -> bool:
    if any(isinstance(value, bool) or not isinstance(value, (int, float)) for value in (expected, found)):
        return False
    return math.isclose(expected, found, rel_tol=0, abs_tol=tolerance * abs(expected))
