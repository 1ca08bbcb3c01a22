"""What every source of logs must do."""

from __future__ import annotations

import pytest
from tests.contract.log.conftest import Writing

from alula.core.ids import AttemptId, ExecutionId
from alula.server.log import LogSource

pytestmark = pytest.mark.anyio
PIECE_MAX_BYTES = 256 * 1024

RUN = ExecutionId("p", "d", "nightly")
FIRST = LogSource(AttemptId(RUN, "n0", 0), "i1")
OTHERS = (
    LogSource(AttemptId(RUN, "n0", 1), "i1"),
    LogSource(AttemptId(RUN, "n0", 0, 3), "i1"),
    LogSource(AttemptId(RUN, "n1", 0), "i1"),
    LogSource(AttemptId(RUN, "n0", 0), "i2"),
    LogSource(AttemptId(ExecutionId("p", "d", "other"), "n0", 0), "i1"),
)


async def read(writing: Writing, source: LogSource, offset: int = 0) -> bytes:
    return b"".join([piece async for piece in writing.logs.read(source, offset=offset)])


async def test_what_is_written_is_read_and_grows(writing: Writing) -> None:
    await writing.write(FIRST, b"epoch 1\n")
    assert await read(writing, FIRST) == b"epoch 1\n"
    await writing.write(FIRST, b"\xff no text \x00\n")
    assert await read(writing, FIRST) == b"epoch 1\n\xff no text \x00\n"


async def test_reading_goes_on_after_an_offset(writing: Writing) -> None:
    await writing.write(FIRST, b"0123456789")
    assert await read(writing, FIRST, offset=7) == b"789"
    for offset in (10, 11, 1 << 60):
        assert await read(writing, FIRST, offset=offset) == b""


async def test_the_size_of_a_log_is_what_can_be_read(writing: Writing) -> None:
    assert await writing.logs.size(FIRST) == 0
    await writing.write(FIRST, b"abc")
    assert (await writing.logs.size(FIRST), await writing.logs.size(OTHERS[0])) == (3, 0)


async def test_a_follower_knows_whether_there_is_more(writing: Writing) -> None:
    assert not await writing.logs.has_more(FIRST, offset=0)
    await writing.write(FIRST, b"abc")
    told = [await writing.logs.has_more(FIRST, offset=offset) for offset in (0, 2, 3, 4, 1 << 60)]
    assert told == [True, True, False, False, False]


async def test_an_attempt_that_has_written_nothing_has_an_empty_log(writing: Writing) -> None:
    assert await read(writing, FIRST) == b""


async def test_each_attempt_has_a_log_of_its_own(writing: Writing) -> None:
    for number, source in enumerate((FIRST, *OTHERS)):
        await writing.write(source, b"%d" % number)
    assert [await read(writing, source) for source in (FIRST, *OTHERS)] == [b"0", b"1", b"2", b"3", b"4", b"5"]


async def test_a_long_log_comes_in_pieces(writing: Writing) -> None:
    data = bytes(range(256)) * 4096
    await writing.write(FIRST, data)
    pieces = [piece async for piece in writing.logs.read(FIRST, offset=1)]
    assert max(map(len, pieces)) <= PIECE_MAX_BYTES
    assert b"".join(pieces) == data[1:]


async def test_what_is_no_log_reads_as_nothing(writing: Writing) -> None:
    writing.spoil(FIRST)
    assert await read(writing, FIRST) == b""
