"""What the host checks of a plugin."""

import math
import re
from typing import Any

from simulay import schema, values
from simulay.contract import ContainerCall, Kept, Plot, Resources
from simulay.manifest import Manifest
from simulay.pipeline import Pipeline

NAME = re.compile(r"[a-z][a-z0-9-]{0,63}")
VERSION = re.compile(r"\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?")
CALL_NAME = re.compile(r"[A-Za-z0-9._-]{1,64}")
MAX_PATH_BYTES = 1024
MAX_PART_BYTES = 255
BOUNDS = ("cpu_milli", "memory_mib", "scratch_mib", "timeout_ms")


class Broken(Exception):
    """The plugin does what the host refuses."""


def require(holds: bool, rule: str) -> None:
    """The rule, unless it holds."""
    if not holds:
        raise Broken(rule)


def check(pipeline: type[Pipeline[Any, Any, Any]]) -> None:
    """Checks the manifest: name, schemas, examples, bounds; raises `Broken`."""
    manifest = pipeline.manifest
    require(
        NAME.fullmatch(manifest.name) is not None,
        f"the name `{manifest.name}` must have 1 to 64 lower-case letters, digits and dashes, a letter first",
    )
    require(VERSION.fullmatch(manifest.version) is not None, f"`{manifest.version}` is no semantic version")
    require(bool(manifest.title and manifest.description), "title and description must not be empty")
    require(manifest.max_parallel > 0, "max_parallel must be at least 1")
    for bound in BOUNDS:
        require(getattr(manifest.max_resources, bound) > 0, f"max_resources.{bound} must be at least 1")
    schema.of_params(pipeline.params_type)
    schema.of_outcome(pipeline.outcome_type)
    for example in manifest.examples:
        _check_example(pipeline, example)


def _check_example(pipeline: type[Pipeline[Any, Any, Any]], example: Any) -> None:
    require(0 <= example.tolerance <= 1, f"example `{example.name}`: the tolerance must be between 0 and 1")
    try:
        values.load(pipeline.params_type, values.dump(example.params))
        values.dump(example.expect)
    except values.Misfit as error:
        raise Broken(f"example `{example.name}`: {error}") from None


def check_calls(calls: list[ContainerCall], manifest: Manifest) -> None:
    """Whether the host would carry out the calls of a step."""
    require(len(calls) <= manifest.max_parallel, f"a step has {len(calls)} calls, over max_parallel")
    names = [call.name for call in calls]
    require(len(set(names)) == len(names), f"two calls have the same name: {names}")
    for call in calls:
        try:
            _check_call(call, manifest)
        except Broken as error:
            raise Broken(f"call `{call.name}`: {error}") from None


def _check_call(call: ContainerCall, manifest: Manifest) -> None:
    require(
        CALL_NAME.fullmatch(call.name) is not None,
        "a name has 1 to 64 letters, digits, `.`, `_` and `-`",
    )
    declared = [image.name for image in manifest.images]
    require(call.image in declared, f"the manifest does not declare the image `{call.image}`")
    require(bool(call.command), "the command is empty")
    _check_resources(call.resources, manifest.max_resources)
    paths = [file.path for file in call.files]
    require(len(set(paths)) == len(paths), f"two files have the same path: {paths}")
    for file in call.files:
        _check_path(file.path)
    for pattern in [*call.outputs, *call.excludes]:
        relative = pattern and not pattern.startswith("/") and ".." not in pattern.split("/")
        require(bool(relative), f"the pattern `{pattern}` must be relative to the working directory")


def _check_resources(asked: Resources, most: Resources) -> None:
    for bound in BOUNDS:
        value, limit = getattr(asked, bound), getattr(most, bound)
        require(0 < value <= limit, f"{bound} is {value}; it must be 1 to {limit}, as the manifest declares")


def _check_path(path: str) -> None:
    parts = path.split("/")
    bad_part = any(part in ("", ".", "..") or len(part.encode()) > MAX_PART_BYTES for part in parts)
    too_long = len(path.encode()) > MAX_PATH_BYTES
    require(not (bad_part or "\0" in path or too_long), f"`{path}` is no relative path")


def check_plots(plots: list[Plot]) -> None:
    """Whether the host would take the plots."""
    for plot in plots:
        for series in [plot.x, *plot.ys]:
            as_long = len(series.values) == len(plot.x.values)
            require(as_long, f"plot `{plot.title}`: `{series.name}` is not as long as the abscissa")
            finite = all(math.isfinite(value) for value in series.values)
            require(finite, f"plot `{plot.title}`: a value of `{series.name}` is not finite")


def check_files(files: list[Kept]) -> None:
    """Whether the host would take the names of kept files."""
    for file in files:
        _check_path(file.name)
