"""Values of libraries that are files on the wire, in the form in which the library itself saves them.

The forms are flytekit's, so each reads what the other wrote. A library is imported only when a value of it is here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, cast

from flyteidl.core.literals_pb2 import Blob, BlobMetadata, Literal, Scalar
from flyteidl.core.types_pb2 import BlobType, LiteralType

from alula.sdk.store import Store
from alula.sdk.types.blobs import uri_of_plain
from alula.sdk.types.pickled import PICKLE
from alula.sdk.types.transformer import EXACT, NO, Schema, TypeMismatch, describe, describe_literal


class Saving(NamedTuple):
    """The way in which a library saves values of a class."""

    tag: str
    """flytekit's name of the transformer."""
    format: str
    suffix: str
    write: Callable[[Any, str], object]  # Any: of the library
    read: Callable[[str], object]


class SavedTransformer:
    """Values of one class. `metadata` goes with the type."""

    def __init__(self, class_: object, shown: str, saving: Saving, metadata: Mapping[str, str] | None = None) -> None:
        self._class = class_ if isinstance(class_, type) and class_ is not Any else object
        self._saving = saving
        self._metadata = metadata
        self.tag = saving.tag
        self.shown = shown

    def _type(self) -> BlobType:
        return BlobType(format=self._saving.format, dimensionality=BlobType.SINGLE)

    def literal_type(self) -> LiteralType:
        message = LiteralType(blob=self._type())
        if self._metadata:
            message.metadata.update(self._metadata)
        return message

    def schema(self) -> Schema:
        path = {"path": {"type": "string", "format": "path"}}
        return {"type": "object", "title": self.shown, "properties": path, "additionalProperties": False}

    def fit(self, value: object) -> int:
        return EXACT if value is not None and isinstance(value, self._class) else NO

    def fit_plain(self, plain: object) -> int:
        return EXACT if isinstance(plain, dict) and plain.keys() == {"path"} else NO  # pyright: ignore[reportUnknownMemberType]

    def coerce(self, value: object) -> object:
        if self.fit(value) == NO:
            raise TypeMismatch(self.shown, describe(value))
        return value

    def _saved(self, value: object, store: Store) -> str:
        """The URI of the file that holds the value."""
        self.coerce(value)
        name = f"value{self._saving.suffix}"
        with store.new_folder() as (folder, uri):
            self._saving.write(value, f"{folder}/{name}")
        return f"{uri}/{name}"

    def to_literal(self, value: object, store: Store) -> Literal:
        blob = Blob(uri=self._saved(value, store), metadata=BlobMetadata(type=self._type()))
        return Literal(scalar=Scalar(blob=blob))

    def to_python(self, literal: Literal, store: Store) -> object:
        blob = literal.scalar.blob
        if not literal.scalar.HasField("blob") or blob.metadata.type.format != self._saving.format:
            raise TypeMismatch(self.shown, describe_literal(literal))
        return self._saving.read(store.readable(blob.uri))

    def to_plain(self, value: object, store: Store) -> object:
        return {"path": self._saved(value, store)}

    def from_plain(self, plain: object, store: Store) -> object:
        return self._saving.read(store.readable(uri_of_plain(plain, self.shown, "path")))


def array(class_: type, options: Mapping[str, object]) -> SavedTransformer:
    """`numpy.ndarray`. `Annotated[ndarray, kwtypes(allow_pickle=True)]` lets objects be in it."""
    pickles, mapped = bool(options.get("allow_pickle")), options.get("mmap_mode")

    def write(value: Any, path: str) -> None:  # Any: an array
        import numpy  # lazy: the value brought it along

        numpy.save(path, value, allow_pickle=pickles)

    def read(path: str) -> object:
        import numpy  # lazy: only where a value is read

        loaded: object = numpy.load(path, allow_pickle=pickles, mmap_mode=mapped)  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType, reportCallIssue]  # numpy checks it
        return loaded

    return SavedTransformer(class_, "numpy.ndarray", Saving("Numpy Array", "NumpyArray", ".npy", write, read))


def series(class_: type) -> SavedTransformer:
    """`pandas.Series`, pickled as flytekit does, which knows no other form of it."""

    def read(path: str) -> object:
        import pandas  # lazy: only where a value is read

        return pandas.read_pickle(path)

    def write(value: Any, path: str) -> None:  # Any: a series
        value.to_pickle(path)

    saving = Saving("FlytePickle", PICKLE, "", write, read)
    return SavedTransformer(class_, "pandas.Series", saving, _class_name(class_))


def estimator(class_: type) -> SavedTransformer:
    """A scikit-learn estimator, saved by joblib."""

    def write(value: object, path: str) -> None:
        import joblib  # lazy: the value brought it along

        library: Any = joblib  # Any: joblib has no types
        library.dump(value, path)

    def read(path: str) -> object:
        import joblib  # lazy: only where a value is read

        library: Any = joblib  # Any: joblib has no types
        return cast("object", library.load(path))

    saving = Saving("Sklearn Estimator", "SklearnEstimator", ".joblib", write, read)
    return SavedTransformer(class_, f"sklearn's {class_.__name__}", saving)


def image(class_: type) -> SavedTransformer:
    """`PIL.Image.Image`, as PNG: the pixels come back, not the format of the file that they are from."""

    def write(value: Any, path: str) -> None:  # Any: an image
        try:
            value.save(path)
        except (OSError, ValueError) as error:
            raise TypeMismatch("an image that PNG can hold", f"one of mode {value.mode}: {error}") from error

    def read(path: str) -> object:
        from PIL import Image  # lazy: only where a value is read

        with Image.open(path) as opened:
            opened.load()
            return opened

    return SavedTransformer(class_, "PIL.Image.Image", Saving("PIL.Image", "PIL.Image", ".png", write, read))


def pickled(type_: object, shown: str) -> SavedTransformer:
    """Any value, pickled because the author said so."""

    def write(value: object, path: str) -> None:
        import pickle  # lazy: only for types that ask for it

        try:
            packed = pickle.dumps(value)
        except Exception as error:
            raise TypeMismatch(f"{shown} that can be pickled", f"{describe(value)}: {error}") from error
        with open(path, "wb") as file:
            file.write(packed)

    def read(path: str) -> object:
        import pickle  # lazy: only for types that ask for it

        with open(path, "rb") as file:
            return pickle.load(file)

    return SavedTransformer(type_, shown, Saving("FlytePickle", PICKLE, "", write, read), _class_name(type_))


def _class_name(type_: object) -> dict[str, str]:
    return {"python_class_name": str(type_)}
