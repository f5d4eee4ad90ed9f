"""Container calls that run an Octave program.

Parameters reach Octave only as data, in `params.json`: never as source, argument or environment.
"""

from collections.abc import Iterable, Mapping
from importlib import resources as packaged

from simulay import values
from simulay.contract import ContainerCall, File, Resources, Source

IMAGE = "octave"
"""Logical name of the image the calls run in."""

MAIN = "main.m"
"""The file Octave starts with."""

PARAMS = "params.json"
"""The file parameters lie in."""

WRITE_JSON = packaged.files("simulay").joinpath("write_json.m").read_text("utf-8")
"""The function `write_json(path, value)`, which every call has."""


def source(name: str, folder: str = "octave") -> str:
    """The program in the file `name` of the folder `octave/`.

    To be called while a module is imported: the finished component has no files.
    """
    return packaged.files(folder).joinpath(name).read_text("utf-8")


def script(
    name: str,
    main: str,
    *,
    params: object = None,
    files: Mapping[str, Source] | None = None,
    keep: Iterable[str] = (),
    exclude: Iterable[str] = (),
    changed_only: bool = False,
    resources: Resources = Resources(),
    report_failure: bool = False,
    deterministic: bool = True,
) -> ContainerCall:
    """The container call `name`, which runs the Octave program `main`.

    The program reads `params` by `jsondecode(fileread("params.json"))`, finds `files` beside it, and has the
    function `write_json(path, value)`. Files that match a glob pattern in `keep` and none in `exclude` come back;
    with `changed_only`, only those the program made or changed.
    """
    given = {MAIN: main, "write_json.m": WRITE_JSON, **(files or {})}
    if params is not None:
        given[PARAMS] = values.dump(params)
    return ContainerCall(
        name=name,
        image=IMAGE,
        # No site or user files, no history, no window.
        command=["octave-cli", "-qfHW", MAIN],
        files=[File(path, content) for path, content in given.items()],
        outputs=list(keep),
        excludes=list(exclude),
        keep_unchanged=not changed_only,
        resources=resources,
        report_failure=report_failure,
        deterministic=deterministic,
    )
