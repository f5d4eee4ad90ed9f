"""What the caller may say."""

from dataclasses import dataclass
from typing import Annotated

from simulay import About


@dataclass(frozen=True)
class Params:
    """A plant of equal lags in series, and what is asked of its controller."""

    gain: Annotated[float, About("Output over input of the plant at rest.", above=0, maximum=1e6)] = 2.0
    lag_s: Annotated[float, About("Time constant of one lag.", unit="s", minimum=1e-3, maximum=1e6)] = 10.0
    lags: Annotated[int, About("Lags in series. Two never oscillate.", minimum=3, maximum=8)] = 4
    sensitivity_limit: Annotated[
        float,
        About("Largest gain from a disturbance to the output: 1.2 is careful, 2 is bold.", minimum=1.2, maximum=3),
    ] = 1.6
    uncertainty: Annotated[float, About("By how much gain and lag may be off, relative.", minimum=0, maximum=0.5)] = 0.2
    evaluations: Annotated[int, About("Loops tried in each of three searches.", minimum=20, maximum=400)] = 150
