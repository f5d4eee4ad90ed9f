"""What is said of a field beside its type."""

import operator
from dataclasses import dataclass
from typing import Annotated, Any, get_args, get_origin


@dataclass(frozen=True)
class About:
    """What callers are told of a field, and what is asked of its values: `Annotated[float, About(…)]`."""

    description: str
    title: str | None = None
    unit: str | None = None
    """UCUM, e.g. `m/s2`."""
    minimum: float | None = None
    maximum: float | None = None
    above: float | None = None
    """Less than the values; they do not reach it."""
    below: float | None = None
    """Greater than the values; they do not reach it."""
    multiple_of: float | None = None
    min_items: int | None = None
    max_items: int | None = None
    max_length: int | None = None

    def keywords(self) -> dict[str, Any]:
        """As JSON Schema has it."""
        told = {
            "title": self.title,
            "description": self.description,
            "x-unit": self.unit,
            "minimum": self.minimum,
            "maximum": self.maximum,
            "exclusiveMinimum": self.above,
            "exclusiveMaximum": self.below,
            "multipleOf": self.multiple_of,
            "minItems": self.min_items,
            "maxItems": self.max_items,
            "maxLength": self.max_length,
        }
        return {keyword: value for keyword, value in told.items() if value is not None}

    def breach(self, value: Any) -> str | None:
        """The rule that `value` breaks, in words."""
        if isinstance(value, (int, float)):
            return self._breach_of_number(value)
        if isinstance(value, (list, str)):
            return self._breach_of_length(len(value))
        return None

    def _breach_of_number(self, value: float) -> str | None:
        rules = (
            (self.minimum, "at least", operator.ge),
            (self.maximum, "at most", operator.le),
            (self.above, "above", operator.gt),
            (self.below, "below", operator.lt),
            (self.multiple_of, "a multiple of", lambda value, unit: value % unit == 0),
        )
        for bound, words, holds in rules:
            if bound is not None and not holds(value, bound):
                return f"must be {words} {bound:g}, not {value:g}"
        return None

    def _breach_of_length(self, length: int) -> str | None:
        if self.min_items is not None and length < self.min_items:
            return f"must have at least {self.min_items} items, not {length}"
        if self.max_items is not None and length > self.max_items:
            return f"must have at most {self.max_items} items, not {length}"
        if self.max_length is not None and length > self.max_length:
            return f"must have at most {self.max_length} characters, not {length}"
        return None


def said_of(type_: Any) -> About | None:
    """What is said of a type by `Annotated`."""
    parts = get_args(type_)[1:] if get_origin(type_) is Annotated else ()
    return next((part for part in parts if isinstance(part, About)), None)
