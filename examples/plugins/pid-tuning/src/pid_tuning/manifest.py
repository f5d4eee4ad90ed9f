"""What the plugin says of itself."""

from math import pi
from pathlib import Path

from pid_tuning.params import Params
from pid_tuning.programs import SEARCH
from simulay import Example, Image, Manifest

MANIFEST = Manifest(
    name="pid-tuning",
    version="0.1.0",
    title="PID control of lags in series",
    description=Path(__file__).with_name("description.md").read_text("utf-8"),
    images=[Image("octave", "Simulates loops and searches for settings, with the package control.")],
    examples=[
        Example(
            "Four lags of ten seconds",
            Params(),
            {
                "ultimate_gain": 2.0,
                "ultimate_period_s": 20 * pi,
                # The error is least where the limit is reached.
                "quality": {"sensitivity": 1.6},
                "robust": True,
            },
            1e-3,
        )
    ],
    max_resources=SEARCH,
    max_parallel=4,
)
