"""Artifacts of a trial, by their content, as the host has them."""

import hashlib
import mimetypes

from simulay.contract import Artifact, FromArtifact, Source


class MemoryArtifacts:
    """Bytes by SHA-256."""

    def __init__(self) -> None:
        self._contents: dict[str, bytes] = {}

    def add(self, path: str, content: bytes) -> Artifact:
        """Takes the content in."""
        sha256 = hashlib.sha256(content).hexdigest()
        self._contents[sha256] = content
        media_type = mimetypes.guess_type(path)[0] or "application/octet-stream"
        return Artifact(path, len(content), sha256, media_type)

    def has(self, source: Source) -> bool:
        """Whether the host could place the content."""
        return not isinstance(source, FromArtifact) or source.sha256 in self._contents

    def content(self, source: Source) -> bytes:
        """All bytes."""
        if isinstance(source, FromArtifact):
            return self._contents[source.sha256]
        return source.encode() if isinstance(source, str) else source

    def read(self, sha256: str, offset: int, length: int) -> bytes:
        """As a plugin reads."""
        return self._contents[sha256][offset : offset + length]
