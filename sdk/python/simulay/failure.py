"""Why there is no report."""


class Failure(Exception):
    """Ends the run; raise one of the two below."""


class InvalidRequest(Failure):
    """The request cannot be simulated; the caller can mend it."""

    def __init__(self, pointer: str, message: str) -> None:
        """`pointer` is the JSON Pointer of the parameter, e.g. `/mass_kg`; empty for all of them."""
        super().__init__(f"{pointer}: {message}" if pointer else message)
        self.pointer = pointer
        self.message = message


class SimulationFailed(Failure):
    """The simulation ran and did not give a usable answer, e.g. it diverged."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message
