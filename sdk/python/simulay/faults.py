"""What helps to find a mistake in a component, which has neither a terminal nor tracebacks."""

import io
from collections.abc import Callable


class Printed(io.TextIOBase):
    """A text stream whose lines are handed on."""

    def __init__(self, line: Callable[[str], None]) -> None:
        super().__init__()
        self._line = line
        self._begun = ""

    def write(self, text: str) -> int:
        *lines, self._begun = (self._begun + text).split("\n")
        for line in lines:
            self._line(line)
        return len(text)


def in_full(error: BaseException) -> str:
    """An error with the places it came through; without their lines, which would have to be read from files."""
    parts = [f"{type(error).__name__}: {error}"]
    place = error.__traceback__
    while place is not None:
        code = place.tb_frame.f_code
        parts.append(f"at {code.co_filename}:{place.tb_lineno} in {code.co_name}")
        place = place.tb_next
    return ", ".join(parts)
