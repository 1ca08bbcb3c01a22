"""The inputs of a container as files, by the names that Flyte's copilot gives them. Pure: it says what to write.

A value is a file of its name, a list a folder with a file for each number, a map one with a file for each key. Beside
them is one document with all values, in which files and folders are paths in the container. Where objects are not
brought, a file or folder is its URI: as a text in the place of the object, and in the document.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from flyteidl.core import literals_pb2, types_pb2

from alula.core.errors import InvalidInput
from alula.core.literals.raw_text import file_text
from alula.core.literals.text import plain_literal

_MULTIPART = types_pb2.BlobType.MULTIPART


class Copy(NamedTuple):
    """An object, or all under a prefix, that becomes a file or folder."""

    path: str
    uri: str
    is_folder: bool


class InputFiles(NamedTuple):
    """The files of some inputs. Paths are those below the folder of inputs."""

    texts: dict[str, bytes]
    folders: list[str]
    """Of lists and maps, also empty ones."""
    copies: list[Copy]
    values: literals_pb2.LiteralMap
    """The inputs with paths in the container in the place of URIs."""


def input_files(inputs: literals_pb2.LiteralMap, folder: str, *, brings_objects: bool = True) -> InputFiles:
    """The files of inputs that a container finds in `folder`. Raises `InvalidInput` for names that no file can have."""
    values = literals_pb2.LiteralMap()
    values.CopyFrom(inputs)
    files = InputFiles({}, [], [], values)
    for name, literal in sorted(values.literals.items()):
        _add(files, literal, _named("", name), folder if brings_objects else "")
    return files


def documents(files: InputFiles) -> dict[str, object]:
    """The plain values for a document with all inputs."""
    return {name: plain_literal(literal) for name, literal in sorted(files.values.literals.items())}


def _add(files: InputFiles, literal: literals_pb2.Literal, path: str, folder: str) -> None:
    """Add the files of a value, and change its URIs to paths in a folder, if there is one."""
    match literal.WhichOneof("value"):
        case "collection" | "map":
            files.folders.append(path)
            for name, part in _named_parts(literal):
                _add(files, part, _named(path, name), folder)
        case "scalar":
            _add_scalar(files, literal.scalar, path, folder)
        case _:
            files.texts[path] = file_text(literals_pb2.Scalar())


def _add_scalar(files: InputFiles, scalar: literals_pb2.Scalar, path: str, folder: str) -> None:
    match scalar.WhichOneof("value"):
        case "union":
            _add(files, scalar.union.value, path, folder)
        case "blob":
            is_folder = scalar.blob.metadata.type.dimensionality == _MULTIPART
            scalar.blob.uri = _object(files, Copy(path, scalar.blob.uri, is_folder), folder)
        case "schema":
            scalar.schema.uri = _object(files, Copy(path, scalar.schema.uri, is_folder=True), folder)
        case "structured_dataset":
            copy = Copy(path, scalar.structured_dataset.uri, is_folder=True)
            scalar.structured_dataset.uri = _object(files, copy, folder)
        case _:
            files.texts[path] = file_text(scalar)


def _object(files: InputFiles, copy: Copy, folder: str) -> str:
    """Add what stands in the place of an object, and give the path or URI by which the documents name it."""
    if folder:
        files.copies.append(copy)
        return f"{folder}/{copy.path}"
    files.texts[copy.path] = copy.uri.encode()
    return copy.uri


def _named_parts(literal: literals_pb2.Literal) -> Iterator[tuple[str, literals_pb2.Literal]]:
    if literal.WhichOneof("value") == "map":
        yield from sorted(literal.map.literals.items())
    else:
        for number, part in enumerate(literal.collection.literals):
            yield str(number), part


def _named(folder: str, name: str) -> str:
    if name in ("", ".", "..") or "/" in name or "\0" in name or len(name.encode()) > 255:
        raise InvalidInput(
            "BadFileName",
            f"an input of the container can't be a file, as none can be called {name[:100]!r}",
            fix="give the entry another key",
        )
    return f"{folder}/{name}" if folder else name
