"""A container call as a test sees it, and how the test answers it."""

import json
from dataclasses import dataclass, field, replace
from typing import Any

from simulay import octave, values
from simulay.contract import ContainerCall, Ending, How, Omission


@dataclass(frozen=True)
class Call:
    """A container call the pipeline asks for."""

    asked: ContainerCall

    @property
    def name(self) -> str:
        """Its name."""
        return self.asked.name

    def text(self, path: str) -> str:
        """The content of one of its text files."""
        return next(file.content for file in self.asked.files if file.path == path and isinstance(file.content, str))

    @property
    def params(self) -> Any:
        """The parameters its Octave program reads."""
        return json.loads(self.text(octave.PARAMS))


@dataclass(frozen=True)
class Answer:
    """What a container leaves behind; `Answer()` exits with code 0. Each method gives a new answer."""

    ending: Ending = Ending(How.EXITED)
    files: dict[str, bytes] = field(default_factory=dict)
    stdout: str = ""
    stderr: str = ""
    left_out: list[Omission] = field(default_factory=list)
    left_out_more: int = 0
    stdout_omitted: int = 0
    stderr_omitted: int = 0
    cpu_ms: int | None = None
    peak_memory_bytes: int | None = None

    @classmethod
    def ended(cls, how: How, code: int = 0) -> "Answer":
        """It ends this way, e.g. by `How.OUT_OF_MEMORY` or `How.TIMED_OUT`."""
        return cls(Ending(how, code))

    @classmethod
    def exit(cls, code: int) -> "Answer":
        """It exits with this code."""
        return cls(Ending(How.EXITED, code))

    def file(self, path: str, content: str | bytes) -> "Answer":
        """It leaves a file. As with the host, only files the call asks for come back."""
        plain = content.encode() if isinstance(content, str) else content
        return replace(self, files={**self.files, path: plain})

    def json(self, path: str, value: object) -> "Answer":
        """It leaves a JSON file."""
        return self.file(path, values.dump(value))

    def without(self, path: str) -> "Answer":
        """It does not leave this file."""
        return replace(self, files={known: content for known, content in self.files.items() if known != path})

    def leaves_out(self, path: str, reason: str) -> "Answer":
        """It leaves a file that the host cannot keep, and says why."""
        return replace(self, left_out=[*self.left_out, Omission(path, reason)])
