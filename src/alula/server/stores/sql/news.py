"""Telling that executions have changed: this process at once, others by notes through the database.

Notes are sent after the commit, by a connection of their own and not in each transaction: transactions with a note are
committed one after the other in the whole database, and would wait for each other's disk.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator

import msgspec

from alula.core.engine.records import ExecutionPhase
from alula.core.ids import ExecutionId
from alula.server.store.news import Heard, Missed, News

NEWS_CHANNEL = "alula_news"
NOTE_MAX_BYTES = 7_900
"""PostgreSQL takes notes of less than 8,000."""
NODES_NAMED_MAX = 100
_NODES_MAX_BYTES = 4_000

_log = logging.getLogger(__name__)


class _Told(msgspec.Struct, frozen=True, array_like=True):
    """News as it is in a note."""

    project: str
    domain: str
    name: str
    seq: int
    phase: int
    """0 if it is the same as before."""
    nodes: list[str] | None


class NewsLine:
    """`origin` marks this store's own notes. `send` takes news to other processes, once there is a way to them."""

    def __init__(self, origin: str) -> None:
        self._origin = origin
        self._callbacks: list[tuple[Heard, Missed]] = []
        self.send: Callable[[News], None] = _nowhere

    def add(self, heard: Heard, missed: Missed) -> None:
        self._callbacks.append((heard, missed))

    def tell(self, news: News) -> None:
        """Tell all processes of a change that is durable. On the event loop's thread."""
        self._heard(news)
        self.send(news)

    def hear(self, note: str) -> None:
        """Tell this process what another one has sent."""
        try:
            origin, told = msgspec.json.decode(note, type=tuple[str, list[_Told]])
        except msgspec.MsgspecError:
            _log.warning("a note on channel %s is not ours: %r", NEWS_CHANNEL, note)
            return
        if origin != self._origin:
            for each in told:
                self._heard(_read(each))

    def miss(self) -> None:
        """Tell this process that it may have missed news of others."""
        for _, missed in self._callbacks:
            missed()

    def notes(self, news: Iterable[News]) -> Iterator[str]:
        """News as notes, as many in each as it holds."""
        frame = len(msgspec.json.encode((self._origin, ())))
        portion, size = list[bytes](), frame
        for each in news:
            told = msgspec.json.encode(_said(each))
            if portion and size + len(told) + 1 > NOTE_MAX_BYTES:
                yield self._note(portion)
                portion, size = [], frame
            portion.append(told)
            size += len(told) + 1
        if portion:
            yield self._note(portion)

    def _note(self, portion: list[bytes]) -> str:
        return msgspec.json.encode((self._origin, [msgspec.Raw(told) for told in portion])).decode()

    def _heard(self, news: News) -> None:
        for heard, _ in self._callbacks:
            heard(news)


def _nowhere(_: News) -> None:
    pass


def _said(news: News) -> _Told:
    nodes = None if news.nodes is None or len(news.nodes) > NODES_NAMED_MAX else sorted(news.nodes)
    if nodes is not None and len(msgspec.json.encode(nodes)) > _NODES_MAX_BYTES:
        nodes = None
    return _Told(*news.execution, news.seq, 0 if news.phase is None else int(news.phase), nodes)


def _read(told: _Told) -> News:
    id = ExecutionId(told.project, told.domain, told.name)
    phase = ExecutionPhase(told.phase) if told.phase else None
    return News(id, told.seq, phase, None if told.nodes is None else frozenset(told.nodes))
