"""Typed values from and to JSON. What does not fit its type is told with its place."""

import dataclasses
import json
import math
import types
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from simulay.about import said_of


class Misfit(ValueError):
    """A value does not fit its type: `pointer` is its JSON Pointer."""

    def __init__(self, pointer: str, rule: str) -> None:
        super().__init__(f"{pointer}: {rule}" if pointer else rule)
        self.pointer = pointer
        self.rule = rule


def dump(value: object) -> str:
    """`value` as JSON."""
    return json.dumps(plain(value), ensure_ascii=False, allow_nan=False)


def plain(value: Any, pointer: str = "") -> Any:
    """`value` as dicts, lists and scalars."""
    if isinstance(value, float) and not math.isfinite(value):
        raise Misfit(pointer, f"{value} is not finite")
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        value = {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    if isinstance(value, dict):
        return {str(name): plain(part, f"{pointer}/{name}") for name, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(part, f"{pointer}/{index}") for index, part in enumerate(value)]
    return value


def load(type_: Any, text: str | bytes) -> Any:
    """A value of `type_` from JSON."""
    try:
        value = json.loads(text, parse_constant=_no_number)
    except ValueError as error:
        raise Misfit("", f"it is no JSON: {error}") from None
    return typed(type_, value)


def typed(type_: Any, value: Any, pointer: str = "") -> Any:
    """A value of `type_` from dicts, lists and scalars."""
    origin, arguments = get_origin(type_), get_args(type_)
    if type_ is Any:
        return value
    if dataclasses.is_dataclass(type_):
        return _dataclass(type_, value, pointer)
    if origin is Annotated:
        return _within(type_, typed(arguments[0], value, pointer), pointer)
    if origin is Literal:
        return _one_of(arguments, value, pointer)
    if origin is list:
        items = _is(list, value, pointer)
        return [typed(arguments[0], item, f"{pointer}/{index}") for index, item in enumerate(items)]
    if origin is dict:
        members = _is(dict, value, pointer).items()
        return {name: typed(arguments[1], member, f"{pointer}/{name}") for name, member in members}
    if origin in (Union, types.UnionType):
        return _any(arguments, value, pointer)
    return _scalar(type_, value, pointer)


NAMES: dict[Any, str] = {
    bool: "true or false",
    int: "an integer",
    float: "a number",
    str: "a text",
    list: "a list",
    dict: "an object",
    type(None): "null",
}


def _scalar(type_: Any, value: Any, pointer: str) -> Any:
    # JSON has one kind of number; Python's `bool` is an `int`.
    if type_ is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if type_ is int and isinstance(value, float) and value.is_integer():
        return int(value)
    return _is(type_, value, pointer)


def _is(type_: Any, value: Any, pointer: str) -> Any:
    if not isinstance(value, type_) or (isinstance(value, bool) and type_ is not bool):
        raise Misfit(pointer, f"must be {NAMES.get(type_, type_)}, not {json.dumps(value)[:80]}")
    return value


def _one_of(choices: tuple[Any, ...], value: Any, pointer: str) -> Any:
    if value not in choices:
        raise Misfit(pointer, f"must be one of {json.dumps(choices)}, not {json.dumps(value)[:80]}")
    return value


def _any(options: tuple[Any, ...], value: Any, pointer: str) -> Any:
    misfit = Misfit(pointer, "fits nothing")
    for option in options:
        try:
            return typed(option, value, pointer)
        except Misfit as error:
            misfit = max(misfit, error, key=lambda misfit: misfit.pointer.count("/"))
    raise misfit


def _dataclass(type_: Any, value: Any, pointer: str) -> Any:
    members = _is(dict, value, pointer)
    hints = get_type_hints(type_, include_extras=True)
    unknown = next((name for name in members if name not in hints), None)
    if unknown is not None:
        raise Misfit(f"{pointer}/{unknown}", f"is not one of {', '.join(hints)}")
    given = {name: typed(hints[name], member, f"{pointer}/{name}") for name, member in members.items()}
    for field in dataclasses.fields(type_):
        has_default = not (field.default is field.default_factory is dataclasses.MISSING)
        if field.name not in given and not has_default:
            raise Misfit(f"{pointer}/{field.name}", "is missing")
    return type_(**given)


def _within(type_: Any, value: Any, pointer: str) -> Any:
    about = said_of(type_)
    rule = None if about is None or value is None else about.breach(value)
    if rule is not None:
        raise Misfit(pointer, rule)
    return value


def _no_number(name: str) -> None:
    raise ValueError(f"{name} is no number")
