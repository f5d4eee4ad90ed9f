"""What the caller is told."""

from dataclasses import dataclass
from typing import Annotated

from simulay import About


@dataclass(frozen=True)
class Outcome:
    """The peaks, beside the exact ones."""

    prey_peak: Annotated[float, About("Most prey.")]
    prey_peak_exact: Annotated[float, About("Most prey by the conserved quantity.")]
    predators_peak: Annotated[float, About("Most predators.")]
    predators_peak_exact: Annotated[float, About("Most predators by the conserved quantity.")]
    drift: Annotated[float, About("Largest change of the quantity that should be conserved.")]
