"""Whether another attempt is made after one that could not be prepared or read."""

from __future__ import annotations

import errno

import pytest

from alula.core.errors import InvalidInput, Unavailable
from alula.core.ids import AttemptId, ExecutionId
from alula.server.executors.failures import failure_of

ATTEMPT = AttemptId(ExecutionId("p", "d", "r"), "n0", 0)


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.ENOSPC, "full"),
        OSError(errno.EMFILE, "files"),
        OSError(errno.EIO, "disk"),
        OSError("code was changed"),
        MemoryError(),
        RuntimeError("can't start new thread"),
        Unavailable("StoreFailed", "away"),
    ],
)
def test_trouble_of_the_machine_is_worth_another_attempt(error: Exception) -> None:
    failure = failure_of(error, ATTEMPT)
    assert (failure.kind, failure.recoverable) == ("SYSTEM", True)


@pytest.mark.parametrize(
    "error",
    [
        RecursionError(),
        NotImplementedError(),
        ValueError("embedded null byte"),
        OverflowError(),
        KeyError("x"),
        UnicodeEncodeError("utf-8", "\ud800", 0, 1, "surrogates"),
        OSError(errno.ENAMETOOLONG, "name"),
        OSError(errno.E2BIG, "arguments"),
        InvalidInput("BadBundle", "no archive"),
    ],
)
def test_what_comes_up_again_is_not_tried_again(error: Exception) -> None:
    assert not failure_of(error, ATTEMPT).recoverable
