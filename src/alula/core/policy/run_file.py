"""The file of an exported run: the entries of a zip, its manifest, and the form of URIs in it.

A file may come from a stranger. It holds no URI of the platform that made it: those of its objects begin with
`EXPORTED` and go on with the path that the object had below the root of that platform's store. On import they become
URIs of the store there, all below the folders of the imported runs.

    manifest.json              the last entry that is written: digests of all others
    entities.msgpack           specifications of tasks, workflows and launch plans, in the order of registration
    runs/0/record.msgpack      the run; those after it are its children
    runs/0/events.msgpack      its log
    runs/0/rows.msgpack        nodes, attempts, items, signals and reasons
    values/..., graphs/...     objects with URIs in them: values that were put aside, graphs that tasks made,
    recoveries/...             and inventories of earlier runs
    objects/...                all other objects, as they are: code, logs, decks, files, data sets
"""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

from alula.core.errors import FailedPrecondition, InvalidInput, ResourceExhausted

FORMAT = 1
"""The version of this form. One that an older Alula can't read has a higher number."""
EXPORTED = "alula-exported:"
"""The beginning of the URIs of objects in a file."""
MANIFEST = "manifest.json"
ENTITIES = "entities.msgpack"
MEDIA = "application/zip"

ENTRIES_MAX = 200_000
MANIFEST_MAX_BYTES = 64 << 20
FILE_MAX_BYTES = 64 << 30
"""Limit of all entries together, unpacked."""
RECORD_MAX_BYTES = 256 << 20
"""Limit of one event, row or specification, and of one object with URIs in it."""
RUNS_MAX = 10_000

IMPORTED_FROM = "alula/imported-from"
"""The annotation of an imported run that tells the run, and the platform, that it was exported from."""
IMPORTED_FILE = "alula/imported-file"
"""The annotation with the digest of the file."""
IMPORTED_AT = "alula/imported-at"
"""The annotation with the time of the import, in microseconds since the epoch."""
OF_THE_IMPORT = (IMPORTED_FROM, IMPORTED_FILE, IMPORTED_AT)
"""The annotations that an import makes: neither an export nor a run that goes on from this one has them."""

Part: TypeAlias = Literal["record", "events", "rows"]
Folder: TypeAlias = Literal["values", "graphs", "recoveries", "objects"]
FOLDERS: tuple[Folder, ...] = ("values", "graphs", "recoveries", "objects")


class Entry(msgspec.Struct, frozen=True, array_like=True):
    """An entry beside the manifest."""

    name: str
    size: int
    """In bytes, unpacked."""
    sha256: str


class Manifest(msgspec.Struct, frozen=True):
    """The contents of a file."""

    format: int
    alula: str
    """The version that made it."""
    origin: str
    """The platform where the run took place."""
    runs: tuple[str, ...]
    """`project/domain/name` of each run there, the exported one first."""
    with_data: bool
    """False if files and data sets were left out."""
    left_out: int
    """The number of objects that were gone, or not to be viewed."""
    entries: tuple[Entry, ...]


class _Format(msgspec.Struct):
    format: int


def run_part(run: int, part: Part) -> str:
    """The name of the entry with a part of a run.

    >>> run_part(0, "events")
    'runs/0/events.msgpack'
    """
    return f"runs/{run}/{part}.msgpack"


def read_manifest(data: bytes) -> Manifest:
    """The manifest in these bytes. Raises `FailedPrecondition` code `RunFileTooNew`, and `InvalidInput`."""
    try:
        found = msgspec.json.decode(data, type=_Format).format
        if found > FORMAT:
            raise FailedPrecondition(
                "RunFileTooNew",
                f"the file has format {found}, and this version of Alula reads formats up to {FORMAT}",
                fix="upgrade Alula",
            )
        manifest = msgspec.json.decode(data, type=Manifest)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise damaged(f"its manifest can't be read: {error}") from error
    _check(manifest)
    return manifest


def damaged(why: str) -> InvalidInput:
    """The refusal of a file that is not as it was written, or never was right."""
    return InvalidInput(
        "RunFileDamaged", f"the file is no exported run, or it is damaged: {why}", fix="export it again"
    )


def too_large(what: str, fix: str) -> ResourceExhausted:
    """The refusal of a file, or of a run to be exported, that is over a limit."""
    return ResourceExhausted("RunFileTooLarge", what, fix=fix)


def is_path(path: str) -> bool:
    """True for the name of an object whose segments lead nowhere else.

    >>> is_path("metadata/p/d/n"), is_path("a/../b"), is_path("/a"), is_path("a//b")
    (True, False, False, False)
    """
    return {"", ".", ".."}.isdisjoint(path.split("/")) and "\0" not in path


def _check(manifest: Manifest) -> None:
    """Check that the names are of this form, each once, and the sizes within limits. Raises `InvalidInput`."""
    if not 1 <= len(manifest.runs) <= RUNS_MAX or len(manifest.entries) > ENTRIES_MAX:
        raise damaged(f"it has {len(manifest.runs)} runs and {len(manifest.entries)} entries")
    names = {entry.name for entry in manifest.entries}
    parts: tuple[Part, ...] = ("record", "events", "rows")
    needed = {ENTITIES, *(run_part(run, part) for run in range(len(manifest.runs)) for part in parts)}
    if missing := sorted(needed - names):
        raise damaged(f"it has no `{missing[0]}`")
    if len(names) < len(manifest.entries):
        raise damaged("an entry is in its manifest twice")
    for name in names - needed:
        folder, _, path = name.partition("/")
        if folder not in FOLDERS or not is_path(path):
            raise damaged(f"it has an entry `{name[:200]!r}` that no export writes")
    if any(entry.size < 0 for entry in manifest.entries):
        raise damaged("an entry has a size below 0")
    if (size := sum(entry.size for entry in manifest.entries)) > FILE_MAX_BYTES:
        raise too_large(f"the file holds {size:,} bytes, more than {FILE_MAX_BYTES:,}", "export it without data")
