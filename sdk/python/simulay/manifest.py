"""What a plugin says of itself."""

from dataclasses import dataclass, field
from typing import Any

from simulay.contract import Resources


@dataclass(frozen=True)
class Image:
    """An image the calls may name, and why it is needed."""

    name: str
    purpose: str


@dataclass(frozen=True)
class Example:
    """A worked case. With `expect`, the subset of the outcome these parameters must give, it is a reference."""

    name: str
    params: Any
    """An instance of the parameters."""
    expect: dict[str, Any] | None = None
    tolerance: float = 0.0
    """Relative, for numbers in `expect`."""


@dataclass(frozen=True)
class Manifest:
    """What a plugin says of itself; the schemas come from the types of its `Pipeline`."""

    name: str
    """Lower-case letters, digits and dashes; starts with a letter."""
    version: str
    """Semantic version."""
    title: str
    description: str
    """Markdown."""
    images: list[Image]
    examples: list[Example] = field(default_factory=list)
    max_resources: Resources = Resources()
    """The most that one container call asks for."""
    max_parallel: int = 1
    """The most container calls in one step."""
