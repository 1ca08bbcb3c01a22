"""`BatchSize`: how many files of a directory are moved at a time. Loads no protobuf."""

from __future__ import annotations

from typing import NamedTuple

from alula.sdk.mistake import caller, mistake


class BatchSize(NamedTuple("BatchSize", [("val", int)])):
    """Inside `Annotated[FlyteDirectory, BatchSize(10)]`: at most so many of its files are fetched or stored at the same
    time. Raises `InvalidInput` for less than one."""

    __slots__ = ()

    def __new__(cls, val: int) -> BatchSize:
        number: object = val
        if not isinstance(number, int) or isinstance(number, bool) or number < 1:
            raise mistake("InvalidSetting", f"`BatchSize` is {number!r}, expected a number from 1 on", at=caller())
        return super().__new__(cls, val)
