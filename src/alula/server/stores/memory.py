"""A store in memory: the whole contract, for tests, local runs and the simulator.

One thread, no IO, no clock unless one is given: with the same calls it gives the same answers. Every method
runs to its end without awaiting, so each is a transaction. Hands out copies: what a caller does to a record
does not reach the store. Nothing outlives the object.
"""

from __future__ import annotations

import asyncio
import copy
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from operator import attrgetter
from typing import TypeVar

import msgspec

from alula.core.engine.records import (
    AttemptPhase,
    AttemptRecord,
    CacheEntry,
    Changes,
    ItemRecord,
    NodeRecord,
    Reason,
    SignalRecord,
)
from alula.core.ids import EntityId, ExecutionId
from alula.core.policy.cache_key import CacheKey
from alula.server.identity import SYSTEM
from alula.server.store import (
    AttributesRecord,
    Audit,
    Commit,
    EntityKind,
    EntityRecord,
    ExecutionRecord,
    Filter,
    History,
    InboxMessage,
    NamedEntityRecord,
    ProjectRecord,
    Query,
    Registered,
    WakeUp,
)
from alula.server.stores import fields
from alula.server.stores import memory_lists as lists
from alula.server.stores.addressee import check_addressee, check_unanswered, node_of
from alula.server.stores.fields import one_name
from alula.server.stores.memory_kept import MemoryKept
from alula.server.stores.merging import merge, overlay, overlay_item
from alula.server.stores.portions import number_within
from alula.server.stores.seed import first_project


class _Execution(msgspec.Struct):
    """All that is kept of one run."""

    record: ExecutionRecord
    log: list[bytes]
    owner: str
    nodes: dict[str, NodeRecord] = {}
    attempts: dict[tuple[str, int], AttemptRecord] = {}
    items: dict[tuple[str, int], ItemRecord] = {}
    reasons: list[Reason] = []
    signals: dict[str, SignalRecord] = {}
    inbox: dict[int, InboxMessage] = {}


class _Name(msgspec.Struct, frozen=True):
    """A name of which a version is registered."""

    record: NamedEntityRecord
    created_at: int


class MemoryStore(MemoryKept):
    """Implements `Store`. `clock` gives microseconds, for leases and for the first project."""

    def __init__(self, *, clock: Callable[[], int] = lambda: 0) -> None:
        self._clock = clock
        self._callbacks: list[WakeUp] = []
        self._projects: dict[str, ProjectRecord] = {}
        self._entities: dict[tuple[EntityKind, EntityId], EntityRecord] = {}
        self._said_of_names: dict[tuple[EntityKind, str, str, str], NamedEntityRecord] = {}
        self._attributes: dict[tuple[str, str, str, int], AttributesRecord] = {}
        self._executions: dict[ExecutionId, _Execution] = {}
        self._catalog: dict[tuple[str, str, str], CacheEntry] = {}
        self._reservations: dict[tuple[str, str, str], str] = {}
        self._audits: list[Audit] = []
        super().__init__(self._audits)
        self._constants: dict[str, str] = {}
        self._leases: dict[str, int] = {}
        self._last_message = 0

    async def start(self) -> None:
        if not self._projects:
            project = first_project(self._clock())
            await self.put_project(
                project, Audit(project.created_at, SYSTEM.principal, "create", f"project {project.id}")
            )

    async def stop(self) -> None:
        """Nothing to let go of."""

    def on_wake_up(self, callback: WakeUp) -> None:
        self._callbacks.append(callback)

    # Projects

    async def constant(self, name: str, value: str) -> str:
        return self._constants.setdefault(name, value)

    async def put_project(self, project: ProjectRecord, audit: Audit) -> None:
        self._projects[project.id] = project
        self._audits.append(audit)

    async def project(self, project: str) -> ProjectRecord | None:
        return self._projects.get(project)

    async def projects(self, query: Query) -> list[ProjectRecord]:
        page = fields.check(query, fields.PROJECTS)
        return lists.page_of(self._projects.values(), page, lists.PROJECT, attrgetter("id"))

    # Tasks, workflows, launch plans

    async def register(self, entities: Sequence[EntityRecord], audit: Audit) -> list[Registered]:
        new: dict[tuple[EntityKind, EntityId], EntityRecord] = {}
        outcome: list[Registered] = []
        for entity in entities:
            key = (entity.kind, entity.id)
            standing = self._entities.get(key) or new.get(key)
            if standing is None:
                new[key] = entity
                outcome.append(Registered.CREATED)
            else:
                same = standing.digest == entity.digest
                outcome.append(Registered.IDENTICAL if same else Registered.DIFFERENT)
        if new and Registered.DIFFERENT not in outcome:
            for key, entity in new.items():
                if entity.active:
                    self._deactivate(entity.id)
                self._entities[key] = entity
            self._audits.append(audit)
        return outcome

    async def entity(self, kind: EntityKind, id: EntityId) -> EntityRecord | None:
        return self._entities.get((kind, id))

    async def entities(self, kind: EntityKind, query: Query) -> list[EntityRecord]:
        page = fields.check(query, fields.ENTITIES)
        return lists.page_of(self._of_kind(kind), page, lists.ENTITY, attrgetter("id"))

    async def entity_names(self, kind: EntityKind, query: Query) -> list[tuple[str, str, str]]:
        page = fields.check(query, fields.ENTITY_NAMES, only_filters=fields.ENTITIES)
        newest: dict[tuple[str, str, str], EntityRecord] = {}
        for entity in lists.matching(self._of_kind(kind), page.conditions, lists.ENTITY):
            known = newest.get(entity.id[:3])
            if known is None or known.created_at < entity.created_at:
                newest[entity.id[:3]] = entity
        whole = msgspec.structs.replace(page, conditions=())
        return [entity.id[:3] for entity in lists.page_of(newest.values(), whole, lists.ENTITY, attrgetter("id"))]

    async def active_launch_plan(self, project: str, domain: str, name: str) -> EntityRecord | None:
        for entity in self._of_kind("launch_plan"):
            if entity.active and entity.id[:3] == (project, domain, name):
                return entity
        return None

    async def set_launch_plan_active(self, id: EntityId, *, active: bool, audit: Audit) -> bool:
        entity = self._entities.get(("launch_plan", id))
        if entity is None:
            return False
        if active:
            self._deactivate(id)
        self._entities["launch_plan", id] = msgspec.structs.replace(entity, active=active)
        self._audits.append(audit)
        return True

    async def put_named_entity(self, entity: NamedEntityRecord, audit: Audit) -> None:
        self._said_of_names[entity.kind, entity.project, entity.domain, entity.name] = entity
        self._audits.append(audit)

    async def named_entity(self, kind: EntityKind, project: str, domain: str, name: str) -> NamedEntityRecord | None:
        found = await self.named_entities(kind, one_name(project, domain, name))
        return found[0] if found else None

    async def named_entities(self, kind: EntityKind, query: Query) -> list[NamedEntityRecord]:
        page = fields.check(query, fields.NAMED_ENTITIES)
        versions: dict[tuple[str, str, str], list[EntityRecord]] = {}
        for entity in self._of_kind(kind):
            versions.setdefault(entity.id[:3], []).append(entity)
        names = [self._name(kind, name, of_name) for name, of_name in versions.items()]
        identity = attrgetter("record.project", "record.domain", "record.name")
        return [found.record for found in lists.page_of(names, page, lists.NAMED_ENTITY, identity)]

    def _name(self, kind: EntityKind, name: tuple[str, str, str], versions: Sequence[EntityRecord]) -> _Name:
        state = 2 if all(version.hidden for version in versions) else 0
        record = self._said_of_names.get((kind, *name), NamedEntityRecord(kind, *name, state=state))
        return _Name(record, max(version.created_at for version in versions))

    # Settings of projects, domains and workflows

    async def put_attributes(self, attributes: AttributesRecord, audit: Audit) -> None:
        key = (attributes.project, attributes.domain, attributes.workflow, attributes.resource)
        self._attributes[key] = attributes
        self._audits.append(audit)

    async def delete_attributes(self, resource: int, *, project: str, domain: str, workflow: str, audit: Audit) -> bool:
        if self._attributes.pop((project, domain, workflow, resource), None) is None:
            return False
        self._audits.append(audit)
        return True

    async def attributes(
        self, resource: int | None = None, *, at: tuple[str, str, str] | None = None
    ) -> list[AttributesRecord]:
        in_order = [kept for _, kept in sorted(self._attributes.items())]
        found = [kept for kept in in_order if resource is None or kept.resource == resource]
        if at is None:
            return found
        project, domain, workflow = at
        return [
            kept
            for kept in found
            if kept.project == project and kept.domain in ("", domain) and kept.workflow in ("", workflow)
        ]

    def _of_kind(self, kind: EntityKind) -> Iterable[EntityRecord]:
        return [entity for entity in self._entities.values() if entity.kind == kind]

    def _deactivate(self, id: EntityId) -> None:
        for entity in self._of_kind("launch_plan"):
            if entity.active and entity.id[:3] == id[:3]:
                self._entities["launch_plan", entity.id] = msgspec.structs.replace(entity, active=False)

    # Executions, as lists and the console read them

    async def create_execution(
        self, execution: ExecutionRecord, event: bytes, audit: Audit, *, owner: str = ""
    ) -> bool:
        if execution.id in self._executions:
            return False
        record = msgspec.structs.replace(execution, labels=dict(execution.labels))
        self._executions[record.id] = _Execution(record, [event], owner)
        self._audits.append(audit)
        self._wake(record.id)
        return True

    async def execution(self, id: ExecutionId) -> ExecutionRecord | None:
        kept = self._executions.get(id)
        return None if kept is None else copy.copy(kept.record)

    async def executions(self, query: Query) -> list[ExecutionRecord]:
        page = fields.check(query, fields.EXECUTIONS, only_filters=fields.LABELS)
        about_labels = [given for given in page.conditions if given.field in fields.LABELS]
        page = msgspec.structs.replace(
            page, conditions=tuple(given for given in page.conditions if given.field not in fields.LABELS)
        )
        records = [
            kept.record for kept in self._executions.values() if lists.labelled(kept.record.labels, about_labels)
        ]
        return [copy.copy(record) for record in lists.page_of(records, page, lists.EXECUTION, attrgetter("id"))]

    async def set_archived(self, id: ExecutionId, *, archived: bool, audit: Audit) -> bool:
        kept = self._executions.get(id)
        if kept is None:
            return False
        kept.record = msgspec.structs.replace(kept.record, archived=archived)
        self._audits.append(audit)
        return True

    async def node(self, execution: ExecutionId, node_id: str) -> NodeRecord | None:
        kept = self._executions.get(execution)
        node = kept.nodes.get(node_id) if kept else None
        return None if node is None else copy.copy(node)

    async def nodes(
        self, execution: ExecutionId, parent_id: str | None, query: Query, *, with_values: bool = False
    ) -> list[NodeRecord]:
        page = fields.check(query, fields.NODES)
        kept = self._executions.get(execution)
        among = [
            node
            for node in (kept.nodes.values() if kept else ())
            if parent_id is None or (node.parent_id or "") == parent_id
        ]
        left_out = {} if with_values else {"inputs": None, "outputs": None}
        found = lists.page_of(among, page, lists.NODE, attrgetter("node_id"))
        return [msgspec.structs.replace(node, **left_out) for node in found]

    async def attempts(self, execution: ExecutionId, node_id: str, query: Query) -> list[AttemptRecord]:
        page = fields.check(query, fields.ATTEMPTS, created_at="attempt")
        kept = self._executions.get(execution)
        of_node = [a for a in kept.attempts.values() if a.node_id == node_id] if kept else []
        return [copy.copy(each) for each in lists.page_of(of_node, page, lists.ATTEMPT, attrgetter("attempt"))]

    async def items(self, execution: ExecutionId, node_id: str, query: Query) -> list[ItemRecord]:
        page = fields.check(query, fields.ITEMS, created_at="index")
        kept = self._executions.get(execution)
        of_node = [item for item in kept.items.values() if item.node_id == node_id] if kept else []
        return [copy.copy(item) for item in lists.page_of(of_node, page, lists.ITEM, attrgetter("index"))]

    async def item_phases(self, execution: ExecutionId, node_id: str) -> dict[AttemptPhase, int]:
        kept = self._executions.get(execution)
        return dict(Counter(item.phase for item in kept.items.values() if item.node_id == node_id)) if kept else {}

    async def reasons(self, execution: ExecutionId, node_id: str | None = None) -> list[Reason]:
        kept = self._executions.get(execution)
        return [r for r in kept.reasons if node_id is None or r.node_id == node_id] if kept else []

    async def signal(self, execution: ExecutionId, signal_id: str) -> SignalRecord | None:
        kept = self._executions.get(execution)
        signal = kept.signals.get(signal_id) if kept else None
        return None if signal is None else copy.copy(signal)

    async def signals(self, execution: ExecutionId, query: Query) -> list[SignalRecord]:
        page = fields.check(query, fields.SIGNALS)
        kept = self._executions.get(execution)
        among = kept.signals.values() if kept else ()
        return [copy.copy(signal) for signal in lists.page_of(among, page, lists.SIGNAL, attrgetter("signal_id"))]

    async def audits(self, query: Query) -> list[Audit]:
        page = fields.check(query, fields.AUDITS, created_at="at")
        order = {id(audit): number for number, audit in enumerate(self._audits)}
        return lists.page_of(self._audits, page, lists.AUDIT, lambda audit: order[id(audit)])

    # The runner's side

    async def post(self, execution: ExecutionId, event: bytes, audit: Audit, *, answers: str = "") -> None:
        kept = self._executions.get(execution)
        check_addressee(execution, kept.record.phase if kept is not None else None)
        assert kept is not None
        if answers:
            mail = (message.event for message in kept.inbox.values())
            check_unanswered(execution, answers, kept.signals.get(answers), mail)
        self._last_message += 1
        kept.inbox[self._last_message] = InboxMessage(self._last_message, execution, event)
        self._audits.append(audit)
        self._wake(execution)

    async def claim(
        self, owner: str, *, now: int, lease_us: int, limit: int, among: Sequence[ExecutionId] | None = None
    ) -> list[ExecutionId]:
        self._leases[owner] = now + lease_us
        asked = self._executions if among is None else [id for id in dict.fromkeys(among) if id in self._executions]
        free = [
            kept
            for kept in (self._executions[id] for id in asked)
            if not kept.record.phase.is_terminal and kept.owner != owner and self._leases.get(kept.owner, now) <= now
        ]
        free.sort(key=lambda kept: (kept.record.created_at, kept.record.id))
        for kept in free[:limit]:
            kept.owner = owner
        return [kept.record.id for kept in free[:limit]]

    async def claimed(self, owner: str) -> list[ExecutionId]:
        return [
            id for id, kept in self._executions.items() if kept.owner == owner and not kept.record.phase.is_terminal
        ]

    async def now(self) -> int:
        return self._clock()

    async def renew(self, owner: str, *, now: int, lease_us: int) -> None:
        self._leases[owner] = now + lease_us

    async def release(self, owner: str | None = None) -> None:
        for kept in self._executions.values():
            if owner is None or kept.owner == owner:
                kept.owner = ""

    async def owner(self, execution: ExecutionId) -> str:
        kept = self._executions.get(execution)
        return kept.owner if kept else ""

    async def next_seq(self, execution: ExecutionId) -> int:
        kept = self._executions.get(execution)
        return len(kept.log) if kept else 0

    async def log(self, execution: ExecutionId) -> list[bytes]:
        kept = self._executions.get(execution)
        return list(kept.log) if kept else []

    async def histories(self, executions: Sequence[ExecutionId], *, events_max: int = 50_000) -> list[History | None]:
        found = [self._executions.get(id) for id in executions]
        count = number_within(events_max, [len(kept.log) if kept is not None else 0 for kept in found])
        return [
            History(kept.record, list(kept.log), len(kept.log)) if kept is not None else None for kept in found[:count]
        ]

    async def inbox(self, executions: Sequence[ExecutionId]) -> list[InboxMessage]:
        kept = [self._executions[id] for id in dict.fromkeys(executions) if id in self._executions]
        return sorted((m for one in kept for m in one.inbox.values()), key=attrgetter("number"))

    async def commit(self, commits: Sequence[Commit]) -> list[bool]:
        return [self._commit(commit) for commit in commits]

    async def cached(self, key: CacheKey) -> CacheEntry | None:
        return self._catalog.get(_place(key))

    async def cache_entries(self, query: Query, *, with_outputs: bool = False) -> list[CacheEntry]:
        page = fields.check(query, fields.CATALOG)
        found = lists.page_of(self._catalog.values(), page, lists.CATALOG, lambda entry: _place(entry.key))
        return found if with_outputs else [msgspec.structs.replace(entry, outputs=b"") for entry in found]

    async def evict(self, filters: Sequence[Filter], audit: Audit) -> int:
        conditions = fields.check_filters(filters, fields.CATALOG)
        gone = [_place(entry.key) for entry in lists.matching(self._catalog.values(), conditions, lists.CATALOG)]
        for place in gone:
            del self._catalog[place]
        self._audits.append(audit)
        return len(gone)

    async def reserve(self, key: CacheKey, holder: str) -> str:
        before = await self.reserved_by(key)
        if before not in ("", holder):
            return before
        self._reservations[_place(key)] = holder
        return ""

    async def reserved_by(self, key: CacheKey) -> str:
        holder = self._reservations.get(_place(key), "")
        return holder if holder and self._is_open(*node_of(holder)) else ""

    def _is_open(self, id: ExecutionId, node_id: str) -> bool:
        kept = self._executions.get(id)
        node = kept.nodes.get(node_id) if kept is not None else None
        return not (kept is None or kept.record.phase.is_terminal or (node is not None and node.phase.is_terminal))

    async def unreserve(self, key: CacheKey, holder: str) -> None:
        if self._reservations.get(_place(key)) == holder:
            del self._reservations[_place(key)]

    def _commit(self, commit: Commit) -> bool:
        kept = self._executions.get(commit.execution)
        if kept is None or len(kept.log) != commit.first_seq or commit.owner not in ("", kept.owner):
            return False
        if commit.is_end and kept.inbox.keys() - commit.consumed:
            return False
        kept.log += commit.events
        self._apply(kept, merge([commit.changes]))
        for number in commit.consumed:
            kept.inbox.pop(number, None)
        if kept.record.phase.is_terminal:
            kept.inbox.clear()
        self._audits += commit.audit
        return True

    def _apply(self, kept: _Execution, changes: Changes) -> None:
        if changes.execution is not None:
            said = {k: v for k, v in msgspec.structs.asdict(changes.execution).items() if v is not None}
            kept.record = msgspec.structs.replace(kept.record, **said)
        for node in changes.nodes:
            _lay(kept.nodes, node.node_id, node, overlay)
        for attempt in changes.attempts:
            _lay(kept.attempts, (attempt.node_id, attempt.attempt), attempt, overlay)
        for item in changes.items:
            _lay(kept.items, (item.node_id, item.index), item, overlay_item)
        for signal in changes.signals:
            _lay(kept.signals, signal.signal_id, signal, overlay)
        kept.reasons += changes.reasons
        for entry in changes.published:
            self._catalog[_place(entry.key)] = entry
            self._keep_dataset(entry)
        for released in changes.released:
            if self._reservations.get(_place(released.key)) == released.holder:
                del self._reservations[_place(released.key)]

    def _wake(self, execution: ExecutionId) -> None:
        if self._callbacks:
            loop = asyncio.get_running_loop()
            for callback in self._callbacks:
                loop.call_soon(callback, execution)


def _place(key: CacheKey) -> tuple[str, str, str]:
    return key.project, key.domain, key.digest


Key = TypeVar("Key")
Row = TypeVar("Row", bound=msgspec.Struct)


def _lay(rows: dict[Key, Row], key: Key, newer: Row, combine: Callable[[Row, Row], Row]) -> None:
    older = rows.get(key)
    rows[key] = copy.copy(newer) if older is None else copy.copy(combine(older, newer))
