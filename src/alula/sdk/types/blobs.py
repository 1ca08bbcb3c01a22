"""FlyteFile, FlyteDirectory and pathlib paths: blobs, of which only the URI travels."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, cast

from flyteidl.core.literals_pb2 import Blob, BlobMetadata, Literal, Scalar
from flyteidl.core.types_pb2 import BlobType, LiteralType

from alula.sdk.folders import NotCopyable, files_in
from alula.sdk.store import Store, local_path, uri_of
from alula.sdk.types.directory import FlyteDirectory
from alula.sdk.types.file import FlyteFile
from alula.sdk.types.transformer import (
    CONVERTS,
    EXACT,
    NO,
    Schema,
    TypeMismatch,
    describe,
    describe_literal,
)

if TYPE_CHECKING:
    from pathlib import Path

_PATH_SCHEMA: Schema = {"anyOf": [{"type": "string"}, {"type": "string", "format": "path"}], "default": None}
_METADATA_SCHEMA: Schema = {
    "anyOf": [
        {
            "type": "object",
            "additionalProperties": {"type": "string"},
            "propertyNames": {"type": "string"},
        },
        {"type": "null"},
    ],
    "default": None,
}


def file_uri(file: FlyteFile[Any], store: Store) -> str:
    """The URI of a file, uploaded if it is only local."""
    if file.remote_source is not None and file.remote_path is None:
        return file.remote_source
    if file.remote_path is False:
        return file.remote_source or uri_of(os.path.abspath(local_path(file.path)))
    path = local_path(file.path) if file.remote_source is None else file.download()
    if not os.path.isfile(path):
        raise TypeMismatch("FlyteFile of a file that is there", f"{path}, which is not a file")
    uri = store.upload(path, to=file.remote_path or None)
    file.remote_source, file._store, file._local = uri, store, path  # pyright: ignore[reportPrivateUsage]  # same value
    return uri


def directory_uri(folder: FlyteDirectory[Any], store: Store, *, at_once: int | None = None) -> str:
    """The URI of a folder, uploaded if it is only local, no more than so many files at the same time."""
    if folder.remote_source is not None and folder.remote_directory is None:
        return folder.remote_source
    if folder.remote_directory is False:
        return folder.remote_source or uri_of(os.path.abspath(local_path(folder.path)))
    path = local_path(folder.path) if folder.remote_source is None else folder.download()
    if not os.path.isdir(path):
        raise TypeMismatch("FlyteDirectory of a folder that is there", f"{path}, which is not a folder")
    try:
        files_in(path)
    except NotCopyable as error:
        raise TypeMismatch("FlyteDirectory of files and folders alone", f"one in which {error}") from error
    uri = store.upload(path, to=folder.remote_directory or None, at_once=at_once)
    folder.remote_source, folder._store, folder._local = uri, store, path  # pyright: ignore[reportPrivateUsage]  # same value
    return uri


def _is_path(value: object) -> bool:
    """True if it is a path of `pathlib`, which is not imported to find out."""
    return any(base.__module__.partition(".")[0] == "pathlib" for base in type(value).__mro__)


class FileTransformer:
    """FlyteFile and, with `as_path`, `pathlib.Path`."""

    tag = "FlyteFilePath"

    def __init__(self, format: str = "", *, as_path: type[Path] | None = None) -> None:
        self._format = format
        self.as_path = as_path
        self.shown = as_path.__name__ if as_path else f"FlyteFile[{format!r}]" if format else "FlyteFile"

    def _type(self) -> BlobType:
        return BlobType(format=self._format, dimensionality=BlobType.SINGLE)

    def literal_type(self) -> LiteralType:
        return LiteralType(blob=self._type())

    def schema(self) -> Schema:
        if self.as_path is not None:
            return {"type": "string", "format": "path"}
        return {
            "type": "object",
            "title": "FlyteFile",
            "properties": {"path": _PATH_SCHEMA, "metadata": _METADATA_SCHEMA},
            "additionalProperties": False,
        }

    def fit(self, value: object) -> int:
        if self.as_path is not None and isinstance(value, self.as_path):
            return EXACT
        if isinstance(value, FlyteFile):
            return EXACT if self.as_path is None else CONVERTS
        return CONVERTS if isinstance(value, str) or _is_path(value) else NO

    def fit_plain(self, plain: object) -> int:
        if self.as_path is not None:
            return EXACT if isinstance(plain, str) else NO
        return _fit_plain(plain)

    def coerce(self, value: object) -> object:
        if self.fit(value) == NO:
            raise TypeMismatch(self.shown, describe(value))
        if self.as_path is not None:
            return self.as_path(cast("str | os.PathLike[str]", value))
        if isinstance(value, FlyteFile):
            return cast("FlyteFile[Any]", value)
        return FlyteFile(cast("str | os.PathLike[str]", value))

    def _uri(self, value: object, store: Store) -> str:
        self.coerce(value)
        if isinstance(value, FlyteFile):
            return file_uri(cast("FlyteFile[Any]", value), store)
        return file_uri(FlyteFile(cast("str | os.PathLike[str]", value)), store)

    def _value(self, uri: str, store: Store) -> object:
        if self.as_path is not None:
            return self.as_path(store.download(uri))
        return FlyteFile.of_stored(uri, store)

    def to_literal(self, value: object, store: Store) -> Literal:
        blob = Blob(uri=self._uri(value, store), metadata=BlobMetadata(type=self._type()))
        return Literal(scalar=Scalar(blob=blob))

    def to_python(self, literal: Literal, store: Store) -> object:
        blob = literal.scalar.blob
        if not literal.scalar.HasField("blob") or blob.metadata.type.dimensionality != BlobType.SINGLE:
            raise TypeMismatch(self.shown, describe_literal(literal))
        return self._value(blob.uri, store)

    def to_plain(self, value: object, store: Store) -> object:
        uri = self._uri(value, store)
        return uri if self.as_path is not None else {"path": uri}

    def from_plain(self, plain: object, store: Store) -> object:
        return self._value(uri_of_plain(plain, self.shown, "path"), store)


class DirectoryTransformer:
    """FlyteDirectory."""

    tag = "FlyteDirectory"

    def __init__(self, format: str = "", at_once: int | None = None) -> None:
        """At most `at_once` files of one are moved at the same time."""
        self._format = format
        self._at_once = at_once
        self.shown = f"FlyteDirectory[{format!r}]" if format else "FlyteDirectory"

    def in_batches(self, size: int) -> DirectoryTransformer:
        """The same with so many files at a time."""
        return DirectoryTransformer(self._format, size)

    def _type(self) -> BlobType:
        return BlobType(format=self._format, dimensionality=BlobType.MULTIPART)

    def literal_type(self) -> LiteralType:
        return LiteralType(blob=self._type())

    def schema(self) -> Schema:
        return {
            "type": "object",
            "title": "FlyteDirectory",
            "properties": {"path": _PATH_SCHEMA},
            "additionalProperties": False,
        }

    def fit(self, value: object) -> int:
        if isinstance(value, FlyteDirectory):
            return EXACT
        return CONVERTS if isinstance(value, str) or _is_path(value) else NO

    def fit_plain(self, plain: object) -> int:
        return _fit_plain(plain)

    def coerce(self, value: object) -> object:
        if isinstance(value, FlyteDirectory):
            return cast("FlyteDirectory[Any]", value)
        if self.fit(value) == NO:
            raise TypeMismatch(self.shown, describe(value))
        return FlyteDirectory(cast("str | os.PathLike[str]", value))

    def _uri(self, value: object, store: Store) -> str:
        return directory_uri(cast("FlyteDirectory[Any]", self.coerce(value)), store, at_once=self._at_once)

    def to_literal(self, value: object, store: Store) -> Literal:
        blob = Blob(uri=self._uri(value, store), metadata=BlobMetadata(type=self._type()))
        return Literal(scalar=Scalar(blob=blob))

    def to_python(self, literal: Literal, store: Store) -> object:
        blob = literal.scalar.blob
        if not literal.scalar.HasField("blob") or blob.metadata.type.dimensionality != BlobType.MULTIPART:
            raise TypeMismatch(self.shown, describe_literal(literal))
        return FlyteDirectory.of_stored(blob.uri, store, at_once=self._at_once)

    def to_plain(self, value: object, store: Store) -> object:
        return {"path": self._uri(value, store)}

    def from_plain(self, plain: object, store: Store) -> object:
        return FlyteDirectory.of_stored(uri_of_plain(plain, self.shown, "path"), store, at_once=self._at_once)


def _fit_plain(plain: object) -> int:
    if isinstance(plain, dict):
        fields = cast("dict[object, object]", plain)
        if not isinstance(fields.get("path"), str):
            return NO
        return EXACT if fields.keys() <= {"path", "metadata"} else CONVERTS
    return CONVERTS if isinstance(plain, str) else NO


def uri_of_plain(plain: object, shown: str, key: str) -> str:
    """The URI in `{"path": uri}`, or a URI alone."""
    uri = cast("dict[object, object]", plain).get(key) if isinstance(plain, dict) else plain
    if not isinstance(uri, str):
        raise TypeMismatch(shown, describe(cast("object", plain)))
    return uri
