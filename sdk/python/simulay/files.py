"""Reading files. What is missing or damaged is a failure of the simulation."""

from collections.abc import Callable
from typing import Any, TypeVar

from simulay import values
from simulay.contract import Artifact, FromArtifact
from simulay.failure import SimulationFailed

T = TypeVar("T")

MAX_FILE_BYTES = 32 << 20
"""Well under the memory a plugin has."""
CHUNK_BYTES = 1 << 20

Read = Callable[[str, int, int], bytes]
"""Up to `length` bytes of an artifact from `offset`: sha256, offset, length."""


class StoredFile:
    """A file of the run, an input or an output, with a way to read it."""

    def __init__(self, artifact: Artifact, read: Read, call: str | None = None) -> None:
        self.artifact = artifact
        self._read = read
        self._call = call

    @property
    def path(self) -> str:
        """Where it lay in the container, or the name it was uploaded with."""
        return self.artifact.path

    @property
    def size(self) -> int:
        """Bytes."""
        return self.artifact.size

    def source(self) -> FromArtifact:
        """For another container call: the host moves the file, the plugin does not read it."""
        return FromArtifact(self.artifact.sha256)

    def bytes(self) -> bytes:
        """All bytes, at most 32 MiB."""
        if self.size > MAX_FILE_BYTES:
            raise self.failure(f"has {self.size} bytes; at most {MAX_FILE_BYTES} are read")
        content = bytearray()
        while len(content) < self.size:
            chunk = self._read(self.artifact.sha256, len(content), min(CHUNK_BYTES, self.size - len(content)))
            if not chunk:
                raise self.failure("is shorter than the host says")
            content += chunk
        return bytes(content)

    def text(self) -> str:
        """The content as UTF-8 text."""
        try:
            return self.bytes().decode()
        except UnicodeDecodeError:
            raise self.failure("is not UTF-8 text") from None

    def json(self, type_: type[T] = Any) -> T:  # type: ignore[assignment]
        """The content, read as JSON of this type, a dataclass for instance."""
        try:
            result: T = values.load(type_, self.bytes())
        except values.Misfit as error:
            raise self.failure(f"cannot be understood: {error}") from None
        return result

    def failure(self, what: str) -> SimulationFailed:
        """That the content is of no use."""
        of = f" of `{self._call}`" if self._call else ""
        return SimulationFailed(f"`{self.path}`{of} {what}")
