"""The real store in memory, with somebody who looks on: every commit is checked before it is let through."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from flyteidl.admin import execution_pb2
from tests.simulation.duties import Fenced, WatchedLeases
from tests.simulation.feeds import Feeds

from alula.core.engine.events import Claimed, decode
from alula.core.engine.records import ExecutionPhase, NodePhase
from alula.core.ids import ExecutionId
from alula.server.services.messages.names import execution_id
from alula.server.store.executions import ExecutionRecord
from alula.server.store.log import Commit
from alula.server.stores.memory.adapter import MemoryStore


class WatchedStore:
    """Checks what must hold at every commit: ends are never left (I1), and an abort that was acknowledged is never
    followed by a success (I14). At every launch of a child: it is durable that its parent launches it (I2). And at
    every claim: nothing is taken from a runner before its lease has ended, by more than `lease_slack_us`."""

    def __init__(
        self, store: MemoryStore, violated: Callable[[str], None], feeds: Feeds, *, lease_slack_us: int
    ) -> None:
        self._store = store
        self._feeds = feeds
        self.executions = _Watched(store.executions, create=self._create)
        self.leases = leases = WatchedLeases(store, violated)
        self.ownership = _Watched(Fenced(store.ownership, leases), claim=self._claim, renew=self._renew)
        self.reservations = Fenced(store.reservations, leases)
        self.holds = Fenced(store.holds, leases)
        self.outbox = Fenced(store.outbox, leases)
        self.log = _Watched(store.log, commit=self._commit)
        self._violated = violated
        self._lease_slack_us = lease_slack_us
        self._leased_until: dict[str, int] = {}
        """By owner, as the store's own clock has it."""
        self.on_commit: list[Callable[[Commit], None]] = []
        self.acknowledged_aborts: set[ExecutionId] = set()

    # `Any`: all that is not watched goes straight through.
    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def _create(self, execution: ExecutionRecord, *args: Any, **named: Any) -> bool:
        metadata = execution_pb2.ExecutionSpec.FromString(execution.spec).metadata
        if metadata.HasField("parent_node_execution"):
            node = metadata.parent_node_execution
            row = await self._store.nodes.get(execution_id(node.execution_id), node.node_id)
            if row is None or row.child != execution.id.name:
                self._violated(f"I2: {execution.id} is launched before that is durable in {node.node_id} of its parent")
        return await self._store.executions.create(execution, *args, **named)

    async def _renew(self, owner: str, *, now: int, lease_us: int) -> None:
        await self._store.ownership.renew(owner, now=now, lease_us=lease_us)
        await self._leased(owner, lease_us)

    async def _claim(
        self, owner: str, *, now: int, lease_us: int, limit: int, among: Sequence[ExecutionId] | None = None
    ) -> list[ExecutionId]:
        before = {id: kept.owner for id, kept in self._store.runs.items()}
        claimed = await self._store.ownership.claim(owner, now=now, lease_us=lease_us, limit=limit, among=among)
        at = await self._store.now()
        for id in claimed:
            if self._leased_until.get(before[id], 0) - self._lease_slack_us > at:
                self._violated(f"{id} was taken from {before[id]} by {owner} before the lease had ended")
        await self._leased(owner, lease_us)
        return claimed

    async def _leased(self, owner: str, lease_us: int) -> None:
        self._leased_until[owner] = await self._store.now() + lease_us

    async def _commit(self, commits: Sequence[Commit]) -> list[bool]:
        kept: list[bool] = []
        for commit in commits:
            before = await self._store.executions.get(commit.execution)
            ended = {
                change.node_id
                for change in commit.changes.nodes
                if (node := await self._store.nodes.get(commit.execution, change.node_id)) and node.phase.is_terminal
            }
            kept += await self._store.log.commit([commit])
            if not kept[-1]:
                continue
            if (before is None or before.phase.is_terminal) and commit.events:
                self._violated(f"I1: {commit.execution} had ended, and its log grew")
            for change in commit.changes.nodes:
                if change.node_id in ended:
                    self._violated(f"I1: node {change.node_id} of {commit.execution} had ended, and changed")
            self._check_order(commit)
            change = commit.changes.execution
            # One that ends as it begins had its end in its log when it was created, however late that is shown.
            succeeds = (
                change is not None
                and change.phase is ExecutionPhase.SUCCEEDED
                and not all(isinstance(decode(event), Claimed) for event in commit.events)
            )
            if succeeds and commit.execution in self.acknowledged_aborts:
                self._violated(f"I14: {commit.execution} succeeded after its abort was acknowledged")
            await self._feeds.committed(commit.execution)
            for callback in self.on_commit:
                callback(commit)
        return kept

    def _check_order(self, commit: Commit) -> None:
        ended: set[str] = set()
        for change in commit.changes.nodes:
            if change.node_id in ended:
                self._violated(f"I1: node {change.node_id} of {commit.execution} ended twice in one commit")
            if change.phase.is_terminal and change.phase is not NodePhase.UNDEFINED:
                ended.add(change.node_id)


class _Watched:
    """A concern of the store, some of whose methods are watched."""

    # `Any`: all that is not watched goes straight through.
    def __init__(self, concern: Any, **watched: Callable[..., Any]) -> None:
        self._concern = concern
        vars(self).update(watched)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._concern, name)
