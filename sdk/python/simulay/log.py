"""Messages for the log of the run. Python's own `logging` asks for the time, which a plugin does not have."""

from collections.abc import Callable

Sink = Callable[[str, str], None]

# The component and the test kit put theirs in place; elsewhere messages go nowhere.
_sink: Sink = lambda level, message: None


def debug(message: str) -> None:
    """For whoever writes the plugin."""
    _sink("debug", message)


def info(message: str) -> None:
    """What goes on."""
    _sink("info", message)


def warn(message: str) -> None:
    """What the caller should look at."""
    _sink("warn", message)


def error(message: str) -> None:
    """What went wrong."""
    _sink("error", message)


def to(sink: Sink) -> Sink:
    """Sends messages to `sink` from now on; where they went before."""
    global _sink
    before, _sink = _sink, sink
    return before
