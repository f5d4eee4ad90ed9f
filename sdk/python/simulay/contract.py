"""The records of the contract, as far as plugins see them; `wit/simulay.wit` explains each."""

from dataclasses import dataclass, field
from enum import Enum
from typing import Union


@dataclass(frozen=True)
class Artifact:
    """A stored, immutable byte string: an input of the run or an output of a container."""

    path: str
    size: int
    sha256: str
    media_type: str


@dataclass(frozen=True)
class FromArtifact:
    """The content of an artifact of this run; the host moves it without passing it through the plugin."""

    sha256: str


Source = Union[str, bytes, FromArtifact]
"""Where the bytes of a file come from: text, bytes or an artifact."""


@dataclass(frozen=True)
class File:
    """A file placed under the working directory before the command starts."""

    path: str
    content: Source


@dataclass(frozen=True)
class Resources:
    """Upper bounds for one container."""

    cpu_milli: int = 1000
    memory_mib: int = 512
    scratch_mib: int = 64
    timeout_ms: int = 60_000


@dataclass(frozen=True)
class ContainerCall:
    """One container to run."""

    name: str
    image: str
    command: list[str]
    files: list[File]
    outputs: list[str]
    env: tuple[tuple[str, str], ...] = ()
    resources: Resources = Resources()
    report_failure: bool = False
    """False: a bad ending fails the run. True: it is handed to `post_process`."""
    deterministic: bool = True
    excludes: list[str] = field(default_factory=list)
    """Patterns of files that are not kept although `outputs` asks for them."""
    keep_unchanged: bool = True
    """False: a file that was placed and left as it was is not kept."""


class How(Enum):
    """The ways a container ends."""

    EXITED = "exited with code"
    SIGNALLED = "was ended by signal"
    OUT_OF_MEMORY = "ran out of memory"
    TIMED_OUT = "ran longer than allowed"
    SCRATCH_FULL = "filled its working directory"
    OUTPUT_LIMIT = "printed or wrote more than allowed"
    PROCESS_LIMIT = "was refused a process: it had as many as allowed"


@dataclass(frozen=True)
class Ending:
    """How a container ended; `code` is the exit code or the signal."""

    how: How
    code: int = 0

    @property
    def good(self) -> bool:
        """Whether it exited with code 0."""
        return self.how is How.EXITED and self.code == 0

    def __str__(self) -> str:
        has_code = self.how in (How.EXITED, How.SIGNALLED)
        return f"{self.how.value} {self.code}" if has_code else self.how.value


@dataclass(frozen=True)
class Omission:
    """A file that was asked for and could not be kept, and why."""

    path: str
    reason: str


@dataclass(frozen=True)
class ContainerResult:
    """What became of a container call."""

    name: str
    ending: Ending
    stdout: str
    stderr: str
    outputs: list[Artifact]
    wall_ms: int
    reused: bool
    left_out: list[Omission] = field(default_factory=list)
    left_out_more: int = 0
    """How many further ones there were that `left_out` does not hold."""
    stdout_omitted: int = 0
    """Bytes in the middle that were not kept."""
    stderr_omitted: int = 0
    cpu_ms: int | None = None
    """Processor time; none when nobody can tell."""
    peak_memory_bytes: int | None = None


@dataclass(frozen=True)
class Series:
    """Numbers of one quantity; `unit` is a UCUM unit, or empty."""

    name: str
    unit: str
    values: list[float]


@dataclass(frozen=True)
class Plot:
    """Lines over one abscissa."""

    title: str
    x: Series
    ys: list[Series]


@dataclass(frozen=True)
class Kept:
    """A file offered for download."""

    name: str
    media_type: str
    content: Source
