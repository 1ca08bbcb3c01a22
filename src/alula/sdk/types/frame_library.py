"""The contract for libraries of data frames, and the table by class, which users and installed packages extend.

An entry point of the group `alula.frame_libraries` has the name of the class. No library is imported to find out which
one a class belongs to.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any, Protocol, TypeAlias

from alula.sdk.plugins import Table
from alula.sdk.types.column_types import ArrowType, Columns
from alula.sdk.types.frame_source import Source


class FrameLibrary(Protocol):
    """One class of data frames: how it is written to files and read from them. `Any` is a data frame of the class."""

    @property
    def name(self) -> str:
        """The library, for errors."""
        ...

    @property
    def formats(self) -> Collection[str]:
        """The formats that it writes and reads."""
        ...

    def columns(self, frame: Any) -> Collection[object]:
        """The names of all columns."""
        ...

    def arrow_types(self, frame: Any, names: Iterable[Any]) -> Mapping[Any, ArrowType]:
        """Arrow's type of each of these columns: `null` for one without any value, `Unfit` if Arrow has none."""
        ...

    def write(self, frame: Any, file_format: str, folder: str) -> None:
        """Write files into an empty folder. Raises `ValueError` or `TypeError` for what the format can not hold."""
        ...

    def read(self, source: Source, file_format: str, columns: Columns) -> Any:
        """The data frame with these columns in their order, or with all without any. Columns of parquet files are
        checked before; those of other formats are checked after. Raises `ValueError`, `KeyError` or `OSError`."""
        ...


Make: TypeAlias = Callable[[type], FrameLibrary]
LIBRARIES: Table[Make] = Table("alula.frame_libraries", "a library of data frames")
_made: dict[type, FrameLibrary] = {}


def register_frame_library(name: str, make: Make) -> None:
    """Let data frames of the class `name` be inputs and outputs, before a task or workflow uses it.

    Args:
        name: package and class, as `polars.DataFrame`: the modules between them do not count.
        make: takes the class and gives its `FrameLibrary`.

    Raises `InvalidInput` if the class has one already.
    """
    LIBRARIES.register(name, make, subclasses=False)


def library_of(type_: object) -> FrameLibrary | None:
    """The library that data frames of a class have, found without importing it; None for any other class."""
    if not isinstance(type_, type):
        return None
    known = _made.get(type_)
    if known is not None:
        return known
    make = LIBRARIES.registered(type_) or LIBRARIES.installed(type_, subclasses=False)
    if make is None:
        return None
    return _made.setdefault(type_, make(type_))


def _pandas(_class: type) -> FrameLibrary:
    from alula.sdk.types.pandas_frames import PandasFrames  # lazy: only such frames

    return PandasFrames()


def _pyarrow(_class: type) -> FrameLibrary:
    from alula.sdk.types.arrow_tables import ArrowTables  # lazy: only such frames

    return ArrowTables()


register_frame_library("pandas.DataFrame", _pandas)
register_frame_library("pyarrow.Table", _pyarrow)
