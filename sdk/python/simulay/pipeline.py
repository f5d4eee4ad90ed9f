"""What a plugin implements."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, TypeVar, Union, get_args, get_origin

from simulay.contract import ContainerCall
from simulay.failure import SimulationFailed
from simulay.files import StoredFile
from simulay.manifest import Manifest
from simulay.report import Report
from simulay.results import Results

P = TypeVar("P")
S = TypeVar("S")
O = TypeVar("O")


@dataclass(frozen=True)
class Request(Generic[P]):
    """What a caller asks for."""

    params: P
    inputs: list[StoredFile]
    """The files the caller uploaded."""
    seed: int
    """For `random.Random(request.seed)`: equal requests give equal calls."""

    def input(self, name: str) -> StoredFile:
        """The file the caller uploaded under this name."""
        for file in self.inputs:
            if file.path == name:
                return file
        raise SimulationFailed(f"there is no input `{name}`")


@dataclass(frozen=True)
class Step(Generic[S]):
    """One round of work for the host: its calls run side by side, then comes `post_process` with the state."""

    calls: list[ContainerCall]
    state: S = None  # type: ignore[assignment]


Next = Union[Report[O], Step[S]]


def again(state: S, *calls: ContainerCall) -> Step[S]:
    """Another step: runs `calls` and remembers `state`."""
    return Step(list(calls), state)


class Pipeline(ABC, Generic[P, S, O]):
    """A pipeline of the types of its parameters, its state and its outcome: `Pipeline[Params, None, Outcome]`.

    Parameters and outcome are dataclasses. The state is what a step remembers for the one after it, a dataclass
    or a union of them; `None` for a pipeline of one step. Both functions are pure: nothing else outlives a call.
    """

    manifest: ClassVar[Manifest]
    params_type: ClassVar[Any]
    state_type: ClassVar[Any]
    outcome_type: ClassVar[Any]

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        for base in getattr(cls, "__orig_bases__", ()):
            if get_origin(base) is Pipeline:
                cls.params_type, cls.state_type, cls.outcome_type = get_args(base)

    @abstractmethod
    def pre_process(self, request: Request[P]) -> Step[S]:
        """Turns a request into the first step; raises `InvalidRequest`."""

    @abstractmethod
    def post_process(self, request: Request[P], state: S, results: Results) -> Next[O, S]:
        """Turns the results of a step into a report or the next step; raises `SimulationFailed`."""
