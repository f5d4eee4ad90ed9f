"""JSON Schemas of the dataclasses a pipeline is written with."""

import dataclasses
import types
from collections.abc import Mapping
from dataclasses import MISSING
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from simulay import values
from simulay.about import About

Schema = dict[str, Any]

META_SCHEMA = "https://json-schema.org/draft/2020-12/schema"
PLAIN: Mapping[object, str] = {bool: "boolean", int: "integer", float: "number", str: "string", type(None): "null"}


def of_params(type_: Any) -> Schema:
    """The schema of parameters: what may be left out has its default there."""
    return {"$schema": META_SCHEMA, **of(type_, given=True)}


def of_outcome(type_: Any) -> Schema:
    """The schema of an outcome, which always has every field."""
    return {"$schema": META_SCHEMA, **of(type_, given=False)}


def of(type_: Any, given: bool) -> Schema:
    """The schema of a type; `given` when its values are given by callers."""
    origin, arguments = get_origin(type_), get_args(type_)
    if type_ in PLAIN:
        return {"type": PLAIN[type_]}
    if dataclasses.is_dataclass(type_):
        return _of_dataclass(type_, given)
    if origin is Annotated:
        return _annotated(arguments, given)
    if origin is Literal:
        return {"enum": list(arguments)}
    if origin is list:
        return {"type": "array", "items": of(arguments[0], given)}
    if origin is dict and arguments[0] is str:
        return {"type": "object", "additionalProperties": of(arguments[1], given)}
    if origin in (Union, types.UnionType):
        return _of_union([of(option, given) for option in arguments])
    raise TypeError(f"{type_} has no schema: use bool, int, float, str, Literal, list, dict, unions and dataclasses")


def _annotated(arguments: tuple[Any, ...], given: bool) -> Schema:
    schema = of(arguments[0], given)
    for part in arguments[1:]:
        if isinstance(part, About):
            schema |= part.keywords()
    return schema


def _of_union(options: list[Schema]) -> Schema:
    if all(set(option) == {"type"} for option in options):
        return {"type": [option["type"] for option in options]}
    return {"anyOf": options}


def _of_dataclass(type_: Any, given: bool) -> Schema:
    hints = get_type_hints(type_, include_extras=True)
    schema: Schema = {"type": "object", "properties": {}, "additionalProperties": False}
    # `dataclass` writes a docstring of its own when there is none.
    if type_.__doc__ and not type_.__doc__.startswith(f"{type_.__name__}("):
        schema["description"] = type_.__doc__.strip()
    required = []
    for field in dataclasses.fields(type_):
        schema["properties"][field.name] = property_ = of(hints[field.name], given)
        default = _default(field)
        if default is MISSING or not given:
            required.append(field.name)
        elif default is not None:
            property_["default"] = values.plain(default)
    if required:
        schema["required"] = required
    return schema


def _default(field: "dataclasses.Field[Any]") -> Any:
    return field.default if field.default_factory is MISSING else field.default_factory()
