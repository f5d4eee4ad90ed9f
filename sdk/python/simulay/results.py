"""What became of a step's container calls."""

from collections.abc import Iterator
from typing import Any, TypeVar

from simulay.contract import ContainerResult, Ending
from simulay.failure import SimulationFailed
from simulay.files import Read, StoredFile

T = TypeVar("T")


class CallResult:
    """The result of one container call, with a way to read what it left."""

    def __init__(self, result: ContainerResult, read: Read) -> None:
        self.result = result
        self._read = read

    @property
    def name(self) -> str:
        """The name of the call."""
        return self.result.name

    @property
    def ending(self) -> Ending:
        """How it ended."""
        return self.result.ending

    @property
    def stdout(self) -> str:
        """What it printed: the first and last part."""
        return self.result.stdout

    @property
    def stderr(self) -> str:
        """What it complained of: the first and last part."""
        return self.result.stderr

    def files(self) -> list[StoredFile]:
        """The files it left."""
        return [StoredFile(output, self._read, self.name) for output in self.result.outputs]

    def file(self, path: str) -> StoredFile:
        """The file it left under this path."""
        for file in self.files():
            if file.path == path:
                return file
        raise SimulationFailed(f"`{self.name}` left no file `{path}`")

    def text(self, path: str) -> str:
        """The file it left under this path, as text."""
        return self.file(path).text()

    def json(self, path: str, type_: type[T] = Any) -> T:  # type: ignore[assignment]
        """The file it left under this path, read as JSON of this type."""
        return self.file(path).json(type_)


class Results:
    """The results of a step, in the order of its calls."""

    def __init__(self, results: list[ContainerResult], read: Read) -> None:
        self._results = [CallResult(result, read) for result in results]

    def __iter__(self) -> Iterator[CallResult]:
        return iter(self._results)

    def __len__(self) -> int:
        return len(self._results)

    def call(self, name: str) -> CallResult:
        """The result of the call `name`, which must have exited with code 0."""
        for result in self._results:
            if result.name == name and result.ending.good:
                return result
            if result.name == name:
                raise SimulationFailed(f"`{name}` {result.ending}")
        raise SimulationFailed(f"there is no result of `{name}`")
