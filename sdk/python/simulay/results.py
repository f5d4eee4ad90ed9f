"""What became of a step's container calls."""

from collections.abc import Iterator
from typing import Any, TypeVar

from simulay.contract import ContainerResult, Ending, Omission
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

    @property
    def stdout_omitted(self) -> int:
        """Bytes in the middle of what it printed that were not kept."""
        return self.result.stdout_omitted

    @property
    def stderr_omitted(self) -> int:
        """Bytes in the middle of what it complained of that were not kept."""
        return self.result.stderr_omitted

    @property
    def cpu_ms(self) -> int | None:
        """Processor time of the command and all it started; none when nobody can tell."""
        return self.result.cpu_ms

    @property
    def peak_memory_bytes(self) -> int | None:
        """The most memory in use at one moment, its files included; none when nobody can tell."""
        return self.result.peak_memory_bytes

    @property
    def left_out(self) -> list[Omission]:
        """Files that were asked for and could not be kept, each with its reason."""
        return self.result.left_out

    @property
    def left_out_more(self) -> int:
        """How many further ones there were that `left_out` does not list."""
        return self.result.left_out_more

    def files(self) -> list[StoredFile]:
        """The files it left."""
        return [StoredFile(output, self._read, self.name) for output in self.result.outputs]

    def file(self, path: str) -> StoredFile:
        """The file it left under this path; why it is not there, when it was left out."""
        for file in self.files():
            if file.path == path:
                return file
        raise SimulationFailed(self._why_missing(path))

    def _why_missing(self, path: str) -> str:
        for omission in self.left_out:
            if omission.path == path:
                return f"`{path}` of `{self.name}` was left out: {omission.reason}"
        if not self.left_out_more:
            return f"`{self.name}` left no file `{path}`"
        return (
            f"`{path}` is not among the files kept of `{self.name}`, nor among those listed as left out; "
            f"{self.left_out_more} further ones were left out"
        )

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
