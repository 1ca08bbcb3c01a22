"""Search of logs for a text: of one attempt, or of all attempts of a run, as lines of JSON."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

import msgspec

from alula.core.errors import InvalidInput
from alula.core.ids import AttemptId, ExecutionId
from alula.server.access import Action
from alula.server.identity import Caller
from alula.server.log import LogSource
from alula.server.services.console.searching import Hit, Search
from alula.server.services.console.shown import LIST_MAX, limited
from alula.server.services.executions import require_execution
from alula.server.services.logs import source_of
from alula.server.services.platform import Platform

TEXT_MAX_CHARS = 1_000
_NODES_AT_ONCE = 1_000


class LogLine(msgspec.Struct, frozen=True, omit_defaults=True):
    """A line of a log that has the text."""

    offset: int
    """Of its begin, in bytes."""
    line: int
    """Its number, from 1 on."""
    text: str
    """A part of it, with the text in it."""
    node_id: str = ""
    """The attempt, in a search of a run."""
    attempt: int = -1
    index: int = -1


class Among(msgspec.Struct, frozen=True):
    """The attempts of a run that are looked at. None stands for all."""

    node_id: str | None = None
    attempt: int | None = None
    """Of items: only those whose newest attempt it is."""
    index: int | None = None

    def has(self, attempt: AttemptId) -> bool:
        number, index = self.attempt, self.index
        return (number is None or attempt.attempt == number) and (index is None or attempt.index == index)


class SearchEnd(msgspec.Struct, frozen=True):
    """The last line of a search."""

    searched: int
    """Bytes."""
    more: bool
    """True if it has ended before the end of the logs, as so many lines were found."""
    done: bool = True


async def search_attempt(
    platform: Platform, caller: Caller, attempt: AttemptId, *, text: str, case: bool, limit: int
) -> AsyncIterator[bytes]:
    """Lines of JSON, the last one with how far it went. Raises `NotFound` before the first."""
    source = await source_of(platform, caller, attempt)
    return _search(platform, _one(source), _search_for(text, case=case), limited(limit, LIST_MAX), of_run=False)


async def search_run(
    platform: Platform, caller: Caller, id: ExecutionId, among: Among, *, text: str, case: bool, limit: int
) -> AsyncIterator[bytes]:
    """The same of many attempts of a run, by node and number; of items, at their newest attempt."""
    record = await require_execution(platform, caller, id, Action.VIEW)
    sources = _of_run(platform, id, record.incarnation, among)
    return _search(platform, sources, _search_for(text, case=case), limited(limit, LIST_MAX), of_run=True)


def _search_for(text: str, *, case: bool) -> Search:
    if not 1 <= len(text) <= TEXT_MAX_CHARS or "\n" in text:
        raise InvalidInput("InvalidParameter", f"`q` must be a text of 1 to {TEXT_MAX_CHARS} characters in one line")
    return Search(text.encode(errors="replace"), case=case)


async def _search(
    platform: Platform, sources: AsyncIterator[LogSource], search: Search, limit: int, *, of_run: bool
) -> AsyncIterator[bytes]:
    found = searched = 0
    async for source in sources:
        log = search.begin()
        async for piece in _with_end(platform.logs.read(source)):
            searched += len(piece)
            for hit in log.look(piece):
                if found == limit:
                    yield _line(SearchEnd(searched, more=True))
                    return
                found += 1
                yield _line(_shown(hit, source.attempt, of_run=of_run))
    yield _line(SearchEnd(searched, more=False))


async def _with_end(pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The pieces of a log, then an empty one."""
    async for piece in pieces:
        yield piece
    yield b""


async def _one(source: LogSource) -> AsyncIterator[LogSource]:
    yield source


async def _of_run(platform: Platform, id: ExecutionId, incarnation: str, among: Among) -> AsyncIterator[LogSource]:
    after = ""
    while True:
        nodes = await platform.store.nodes.columns(id, after=after, limit=_NODES_AT_ONCE)
        sizes = await platform.store.attempts.sizes(id, nodes.node_id)
        for node_id, count in zip(nodes.node_id, nodes.attempts, strict=True):
            if among.node_id not in (None, node_id):
                continue
            for attempt in await _attempts(platform, id, node_id, count, is_array=node_id in sizes):
                if among.has(attempt):
                    yield LogSource(attempt, incarnation)
        if len(nodes.node_id) < _NODES_AT_ONCE:
            return
        after = nodes.node_id[-1]


async def _attempts(
    platform: Platform, id: ExecutionId, node_id: str, count: int, *, is_array: bool
) -> Sequence[AttemptId]:
    if not is_array:
        return [AttemptId(id, node_id, number) for number in range(count)]
    items = await platform.store.items.columns(id, node_id)
    return [AttemptId(id, node_id, number, index) for index, number in zip(items.item, items.attempt, strict=True)]


def _shown(hit: Hit, attempt: AttemptId, *, of_run: bool) -> LogLine:
    if not of_run:
        return LogLine(hit.offset, hit.line, hit.text)
    return LogLine(hit.offset, hit.line, hit.text, attempt.node_id, attempt.attempt, attempt.index)


def _line(told: LogLine | SearchEnd) -> bytes:
    return msgspec.json.encode(told) + b"\n"
