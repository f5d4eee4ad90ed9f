"""What a run ends with."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Generic, TypeVar

from simulay.contract import Kept, Plot, Series, Source
from simulay.files import StoredFile

O = TypeVar("O")


@dataclass(frozen=True)
class Report(Generic[O]):
    """The outcome of a run, with plots and files. Each method gives a new report."""

    outcome: O
    plots: list[Plot] = field(default_factory=list)
    files: list[Kept] = field(default_factory=list)

    def plot(self, title: str, x: Series, ys: Iterable[Series]) -> "Report[O]":
        """With a line plot of `ys` over `x`."""
        return replace(self, plots=[*self.plots, Plot(title, x, list(ys))])

    def keep(self, output: StoredFile, name: str | None = None) -> "Report[O]":
        """With an output of a container, under its path or another name; `/` in it makes folders."""
        return self.attach(name or output.path, output.artifact.media_type, output.source())

    def attach(self, name: str, media_type: str, content: Source) -> "Report[O]":
        """With a file the plugin makes itself."""
        return replace(self, files=[*self.files, Kept(name, media_type, content)])


def series(name: str, unit: str, values: Iterable[float]) -> Series:
    """Numbers of one quantity; `unit` is a UCUM unit, or empty."""
    return Series(name, unit, [float(value) for value in values])
