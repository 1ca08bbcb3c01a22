"""Removals of runs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

import msgspec

from alula.core.ids import ExecutionId
from alula.core.policy.retention import RunOutline
from alula.server.store.audits import Audit
from alula.server.store.leases import Lease
from alula.server.store.removals import Mention, Mentions, Removal, Tries
from alula.server.stores.memory.audits import Audits
from alula.server.stores.memory.leases import Leases
from alula.server.stores.memory.runs import Run, Runs
from alula.server.stores.memory.ties import Ties


class _Removed(msgspec.Struct):
    """A removal, and what the run has until its end."""

    removal: Removal
    run: Run | None


class Removals:
    """`others` are the values that belong to no run."""

    def __init__(
        self, runs: Runs, audits: Audits, leases: Leases, ties: Ties, others: Callable[[], Iterable[bytes]]
    ) -> None:
        self._runs = runs
        self._audits = audits
        self._leases = leases
        self._ties = ties
        self._others = others
        self._rows: list[_Removed] = []
        self._left: set[str] = set()

    async def outlines(self, after: RunOutline | None, *, limit: int) -> list[RunOutline]:
        found = sorted(map(_outline, self._runs.values()), key=_place, reverse=True)
        return [each for each in found if after is None or _place(each) < _place(after)][:limit]

    async def begin(self, lease: Lease, removals: Sequence[tuple[Removal, Audit]]) -> list[ExecutionId]:
        self._leases.require(lease)
        begun = [(removal.id, audit) for removal, audit in removals if self._begin(removal)]
        self._audits.append(*(audit for _, audit in begun))
        return [id for id, _ in begun]

    async def unfinished(self, *, limit: int) -> list[Removal]:
        return [each.removal for each in self._rows if each.run is not None][:limit]

    async def tries(self, run: ExecutionId, after: Tries | None, *, limit: int) -> list[Tries]:
        going = (each.run for each in self._rows if each.removal.id == run and each.run is not None)
        found = self._runs.get(run) or next(going, None)
        if found is None:
            return []
        last: dict[tuple[str, int], int] = {}
        for node_id, attempt in found.attempts:
            last[node_id, -1] = max(attempt, last.get((node_id, -1), 0))
        last |= {(item.node_id, item.index): item.attempt for item in found.items.values()}
        tries = [Tries(*key, attempt) for key, attempt in sorted(last.items())]
        return [each for each in tries if after is None or each[:2] > after[:2]][:limit]

    async def mentions(self, after: str, *, limit: int) -> Mentions:
        found = [Mention(None, data) for data in self._others()]
        going = {each.removal.id: each.run for each in self._rows if each.run is not None}
        for id, run in {**self._runs, **going}.items():
            found += [Mention(id, data) for data in _values(run) if data]
        return Mentions(found, "")

    async def leave(self, lease: Lease, uris: Sequence[str]) -> None:
        self._leases.require(lease)
        self._left.update(uris)

    async def left(self, after: str, *, limit: int) -> list[str]:
        return sorted(uri for uri in self._left if uri > after)[:limit]

    async def forget_left(self, lease: Lease, uris: Sequence[str]) -> None:
        self._leases.require(lease)
        self._left.difference_update(uris)

    async def remove_rows(self, lease: Lease, run: ExecutionId, *, limit: int) -> int:
        self._leases.require(lease)
        return 0

    async def finish(self, lease: Lease, removal: Removal) -> None:
        self._leases.require(lease)
        for each in self._rows:
            if each.removal == removal:
                each.run = None

    async def find(self, run: ExecutionId) -> Removal | None:
        found = [each.removal for each in self._rows if each.removal.id == run]
        return max(found, key=lambda removal: removal.removed_at, default=None)

    async def forget(self, lease: Lease, before: int, *, limit: int) -> int:
        self._leases.require(lease)
        old = [each for each in self._rows if each.run is None and each.removal.removed_at < before][:limit]
        self._rows = [each for each in self._rows if each not in old]
        return len(old)

    def is_removing(self, run: ExecutionId) -> bool:
        """True if a run of this name is being removed."""
        return any(each.removal.id == run and each.run is not None for each in self._rows)

    def _begin(self, removal: Removal) -> bool:
        run = self._runs.get(removal.id)
        if run is None or not run.record.phase.is_terminal or run.jobs or self._ties.read([removal.id]):
            return False
        del self._runs[removal.id]
        self._ties.remove(removal.id)
        self._rows.append(_Removed(removal, run))
        return True


def _outline(run: Run) -> RunOutline:
    record = run.record
    ended_at = (record.ended_at or record.created_at) if record.phase.is_terminal else None
    return RunOutline(record.id, record.workflow.name, record.phase.name, record.created_at, ended_at)


def _place(outline: RunOutline) -> tuple[str, str, int, str]:
    return outline.id.project, outline.id.domain, outline.created_at, outline.id.name


def _values(run: Run) -> Iterator[bytes | None]:
    yield from (run.record.inputs, run.record.user_inputs, run.record.outputs)
    yield from (signal.value for signal in run.signals.values())
    for node in run.nodes.values():
        yield from (node.inputs, node.outputs)
    yield from run.log
