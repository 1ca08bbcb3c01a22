"""What a test goes on with must be there: values that may be None by their type, and are not."""

from __future__ import annotations

from typing import Protocol, TypeVar

from alula.core.errors import TaskError

T = TypeVar("T")


class MayFail(Protocol):
    """What has an error if it has failed: an update, a record, a view of a run."""

    @property
    def error(self) -> TaskError | None: ...


def present(value: T | None) -> T:
    """The value, which is not None."""
    assert value is not None, "nothing is there"
    return value


def failure(of: MayFail) -> TaskError:
    """The error of what has failed."""
    assert of.error is not None, f"this has not failed: {of}"
    return of.error
