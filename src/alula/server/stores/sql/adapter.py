"""The store on SQLite or PostgreSQL: the contract's methods, each one transaction of the writer or one read.

Nothing here blocks the event loop: changes go to the writer's thread, reads to a small pool of threads.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

import msgspec
from sqlalchemy import URL, Connection, Engine
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from alula.core.engine.records import (
    AttemptPhase,
    AttemptRecord,
    CacheEntry,
    ItemRecord,
    NodeRecord,
    Reason,
    Released,
    SignalRecord,
)
from alula.core.errors import Unavailable
from alula.core.ids import EntityId, ExecutionId
from alula.core.policy.cache_key import CacheKey
from alula.server.identity import SYSTEM
from alula.server.store import (
    ArtifactQuery,
    ArtifactRecord,
    AttributesRecord,
    Audit,
    Commit,
    DatasetId,
    DatasetRecord,
    EntityKind,
    EntityRecord,
    ExecutionRecord,
    Filter,
    History,
    Hold,
    InboxMessage,
    KeptOutput,
    NamedEntityRecord,
    ProjectRecord,
    Query,
    Registered,
    WakeUp,
)
from alula.server.stores import fields
from alula.server.stores.addressee import check_addressee, check_unanswered
from alula.server.stores.fields import one_name
from alula.server.stores.portions import number_within
from alula.server.stores.seed import first_project
from alula.server.stores.sql import connections, schema
from alula.server.stores.sql.attributes import Attributes
from alula.server.stores.sql.audit import Audits
from alula.server.stores.sql.catalog import Catalog
from alula.server.stores.sql.constants import Constants
from alula.server.stores.sql.dialect import Sql
from alula.server.stores.sql.entities import Entities
from alula.server.stores.sql.executions import Executions
from alula.server.stores.sql.faults import translated
from alula.server.stores.sql.inbox import Inbox
from alula.server.stores.sql.kept import Datasets, Outputs
from alula.server.stores.sql.log import Log
from alula.server.stores.sql.named_entities import NamedEntities
from alula.server.stores.sql.nodes import Nodes
from alula.server.stores.sql.projects import Projects
from alula.server.stores.sql.signals import Signals
from alula.server.stores.sql.writer import Writer

Result = TypeVar("Result")


def _wall_clock_us() -> int:
    return time.time_ns() // 1000


class SqlStore:
    """Implements `Store` on a SQLite file (its path or URL; one process) or `postgresql://...` (any number).

    `clock` gives microseconds for what the store itself makes: the first project.
    Raises `InvalidInput` code `BadDatabaseUrl`.
    """

    def __init__(self, url: str | URL | Path, *, clock: Callable[[], int] = _wall_clock_us) -> None:
        self._url = connections.normalised(url)
        self._clock = clock
        self._origin = secrets.token_hex(8)
        self._callbacks: list[WakeUp] = []
        writing = connections.writing_engine(self._url)
        self._writing = writing
        self._reading: Engine = connections.reading_engine(self._url)
        sql = Sql(writing.dialect, self._origin)
        self._sql = sql
        self._constants = Constants(sql)
        self._projects = Projects(sql)
        self._entities = Entities(sql)
        self._named_entities = NamedEntities(sql)
        self._attributes = Attributes(sql)
        self._executions = Executions(sql)
        self._nodes = Nodes(sql)
        self._signals = Signals(sql)
        self._inbox = Inbox(sql)
        self._catalog = Catalog(sql)
        self._datasets = Datasets(sql)
        self._outputs = Outputs(sql)
        self._audits = Audits(sql)
        self._log = Log(sql, self._nodes, self._signals, self._inbox, self._catalog, self._audits)
        self._writer = Writer(writing, self._url, self._log.append)
        self._readers: ThreadPoolExecutor | None = None
        self._listening = contextlib.AsyncExitStack()

    async def start(self) -> None:
        self._writer.start()
        self._readers = ThreadPoolExecutor(connections.READERS, thread_name_prefix="store-reader")
        try:
            await self._writer.write(self._open)
            if not self._sql.is_sqlite:
                await self._listen()
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        await self._listening.aclose()
        await self._writer.stop()
        readers, self._readers = self._readers, None
        if readers is not None:
            await asyncio.to_thread(readers.shutdown)
            self._reading.dispose()

    def on_wake_up(self, callback: WakeUp) -> None:
        self._callbacks.append(callback)

    # Projects

    async def constant(self, name: str, value: str) -> str:
        return await self._writer.write(lambda connection: self._constants.keep(connection, name, value))

    async def put_project(self, project: ProjectRecord, audit: Audit) -> None:
        def put(connection: Connection) -> None:
            self._projects.put(connection, project)
            self._audits.append(connection, [audit])

        await self._writer.write(put)

    async def project(self, project: str) -> ProjectRecord | None:
        return await self._read(lambda connection: self._projects.get(connection, project))

    async def projects(self, query: Query) -> list[ProjectRecord]:
        page = fields.check(query, fields.PROJECTS)
        return await self._read(lambda connection: self._projects.page(connection, page))

    # Tasks, workflows, launch plans

    async def register(self, entities: Sequence[EntityRecord], audit: Audit) -> list[Registered]:
        def register(connection: Connection) -> list[Registered]:
            outcome = self._entities.register(connection, entities)
            if Registered.CREATED in outcome and Registered.DIFFERENT not in outcome:
                self._audits.append(connection, [audit])
            return outcome

        return await self._writer.write(register)

    async def entity(self, kind: EntityKind, id: EntityId) -> EntityRecord | None:
        return await self._read(lambda connection: self._entities.get(connection, kind, id))

    async def entities(self, kind: EntityKind, query: Query) -> list[EntityRecord]:
        page = fields.check(query, fields.ENTITIES)
        return await self._read(lambda connection: self._entities.page(connection, kind, page))

    async def entity_names(self, kind: EntityKind, query: Query) -> list[tuple[str, str, str]]:
        page = fields.check(query, fields.ENTITY_NAMES, only_filters=fields.ENTITIES)
        return await self._read(lambda connection: self._entities.names(connection, kind, page))

    async def active_launch_plan(self, project: str, domain: str, name: str) -> EntityRecord | None:
        return await self._read(lambda connection: self._entities.active(connection, project, domain, name))

    async def set_launch_plan_active(self, id: EntityId, *, active: bool, audit: Audit) -> bool:
        def set_active(connection: Connection) -> bool:
            found = self._entities.set_active(connection, id, active=active)
            self._audits.append(connection, [audit] if found else [])
            return found

        return await self._writer.write(set_active)

    async def put_named_entity(self, entity: NamedEntityRecord, audit: Audit) -> None:
        def put(connection: Connection) -> None:
            self._named_entities.put(connection, entity)
            self._audits.append(connection, [audit])

        await self._writer.write(put)

    async def named_entity(self, kind: EntityKind, project: str, domain: str, name: str) -> NamedEntityRecord | None:
        found = await self.named_entities(kind, one_name(project, domain, name))
        return found[0] if found else None

    async def named_entities(self, kind: EntityKind, query: Query) -> list[NamedEntityRecord]:
        page = fields.check(query, fields.NAMED_ENTITIES)
        return await self._read(lambda connection: self._named_entities.page(connection, kind, page))

    # Settings of projects, domains and workflows

    async def put_attributes(self, attributes: AttributesRecord, audit: Audit) -> None:
        def put(connection: Connection) -> None:
            self._attributes.put(connection, attributes)
            self._audits.append(connection, [audit])

        await self._writer.write(put)

    async def delete_attributes(self, resource: int, *, project: str, domain: str, workflow: str, audit: Audit) -> bool:
        def delete(connection: Connection) -> bool:
            found = self._attributes.delete(connection, resource, project, domain, workflow)
            self._audits.append(connection, [audit] if found else [])
            return found

        return await self._writer.write(delete)

    async def attributes(
        self, resource: int | None = None, *, at: tuple[str, str, str] | None = None
    ) -> list[AttributesRecord]:
        return await self._read(lambda connection: self._attributes.of(connection, resource, at))

    # Executions, as lists and the console read them

    async def create_execution(
        self, execution: ExecutionRecord, event: bytes, audit: Audit, *, owner: str = ""
    ) -> bool:
        def create(connection: Connection) -> bool:
            created = self._executions.create(connection, execution, event, owner)
            if created:
                self._audits.append(connection, [audit])
                self._sql.note_wake_up(connection, execution.id)
            return created

        return await self._writer.write(create, after=lambda made: self._wake(execution.id) if made else None)

    async def execution(self, id: ExecutionId) -> ExecutionRecord | None:
        return await self._read(lambda connection: self._executions.get(connection, id))

    async def executions(self, query: Query) -> list[ExecutionRecord]:
        page = fields.check(query, fields.EXECUTIONS, only_filters=fields.LABELS)
        of_labels = tuple(given for given in page.conditions if given.field in fields.LABELS)
        of_rows = tuple(given for given in page.conditions if given.field not in fields.LABELS)
        page = msgspec.structs.replace(page, conditions=of_rows)
        return await self._read(lambda connection: self._executions.page(connection, page, of_labels))

    async def set_archived(self, id: ExecutionId, *, archived: bool, audit: Audit) -> bool:
        def set_archived(connection: Connection) -> bool:
            found = self._executions.set_archived(connection, id, archived=archived)
            self._audits.append(connection, [audit] if found else [])
            return found

        return await self._writer.write(set_archived)

    async def node(self, execution: ExecutionId, node_id: str) -> NodeRecord | None:
        return await self._read(lambda connection: self._nodes.node(connection, execution, node_id))

    async def nodes(
        self, execution: ExecutionId, parent_id: str | None, query: Query, *, with_values: bool = False
    ) -> list[NodeRecord]:
        page = fields.check(query, fields.NODES)
        return await self._read(
            lambda connection: self._nodes.page(connection, execution, parent_id, page, with_values=with_values)
        )

    async def attempts(self, execution: ExecutionId, node_id: str, query: Query) -> list[AttemptRecord]:
        page = fields.check(query, fields.ATTEMPTS, created_at="attempt")
        return await self._read(lambda connection: self._nodes.attempts(connection, execution, node_id, page))

    async def items(self, execution: ExecutionId, node_id: str, query: Query) -> list[ItemRecord]:
        page = fields.check(query, fields.ITEMS, created_at="index")
        return await self._read(lambda connection: self._nodes.items(connection, execution, node_id, page))

    async def item_phases(self, execution: ExecutionId, node_id: str) -> dict[AttemptPhase, int]:
        return await self._read(lambda connection: self._nodes.item_phases(connection, execution, node_id))

    async def reasons(self, execution: ExecutionId, node_id: str | None = None) -> list[Reason]:
        return await self._read(lambda connection: self._nodes.reasons(connection, execution, node_id))

    async def signal(self, execution: ExecutionId, signal_id: str) -> SignalRecord | None:
        return await self._read(lambda connection: self._signals.get(connection, execution, signal_id))

    async def signals(self, execution: ExecutionId, query: Query) -> list[SignalRecord]:
        page = fields.check(query, fields.SIGNALS)
        return await self._read(lambda connection: self._signals.page(connection, execution, page))

    async def audits(self, query: Query) -> list[Audit]:
        page = fields.check(query, fields.AUDITS, created_at="at")
        return await self._read(lambda connection: self._audits.page(connection, page))

    # The runner's side

    async def post(self, execution: ExecutionId, event: bytes, audit: Audit, *, answers: str = "") -> None:
        def post(connection: Connection) -> None:
            check_addressee(execution, self._executions.phase(connection, execution))
            if answers:
                signal = self._signals.lock(connection, execution, answers)
                mail = self._inbox.read(connection, [execution])
                check_unanswered(execution, answers, signal, (message.event for message in mail))
            self._inbox.put(connection, execution, event)
            self._audits.append(connection, [audit])
            self._sql.note_wake_up(connection, execution)

        await self._writer.write(post, after=lambda _: self._wake(execution))

    async def claim(
        self, owner: str, *, now: int, lease_us: int, limit: int, among: Sequence[ExecutionId] | None = None
    ) -> list[ExecutionId]:
        return await self._writer.write(
            lambda connection: self._executions.claim(
                connection, owner, now=now, lease_us=lease_us, limit=limit, among=among
            )
        )

    async def now(self) -> int:
        if self._sql.is_sqlite:  # which is on this machine
            return self._clock()
        return await self._read(self._executions.now)

    async def renew(self, owner: str, *, now: int, lease_us: int) -> None:
        await self._writer.write(
            lambda connection: self._executions.renew(connection, owner, now=now, lease_us=lease_us)
        )

    async def release(self, owner: str | None = None) -> None:
        await self._writer.write(lambda connection: self._executions.release(connection, owner))

    async def claimed(self, owner: str) -> list[ExecutionId]:
        return await self._read(lambda connection: self._executions.claimed(connection, owner))

    async def owner(self, execution: ExecutionId) -> str:
        return await self._read(lambda connection: self._executions.owner(connection, execution))

    async def next_seq(self, execution: ExecutionId) -> int:
        return await self._read(lambda connection: self._executions.next_seq(connection, execution))

    async def log(self, execution: ExecutionId) -> list[bytes]:
        return await self._read(lambda connection: self._log.read(connection, execution))

    async def histories(self, executions: Sequence[ExecutionId], *, events_max: int = 50_000) -> list[History | None]:
        def histories(connection: Connection) -> list[History | None]:
            found = self._executions.with_lengths(connection, executions)
            count = number_within(events_max, [found[id][1] if id in found else 0 for id in executions])
            logs = self._log.read_many(connection, executions[:count])
            return [History(found[id][0], logs[id], found[id][1]) if id in found else None for id in executions[:count]]

        return await self._read(histories)

    async def inbox(self, executions: Sequence[ExecutionId]) -> list[InboxMessage]:
        return await self._read(lambda connection: self._inbox.read(connection, executions))

    async def commit(self, commits: Sequence[Commit]) -> list[bool]:
        return await self._writer.commit(commits) if commits else []

    async def cached(self, key: CacheKey) -> CacheEntry | None:
        return await self._read(lambda connection: self._catalog.get(connection, key))

    async def cache_entries(self, query: Query, *, with_outputs: bool = False) -> list[CacheEntry]:
        page = fields.check(query, fields.CATALOG)
        return await self._read(lambda connection: self._catalog.page(connection, page, with_outputs=with_outputs))

    async def evict(self, filters: Sequence[Filter], audit: Audit) -> int:
        conditions = fields.check_filters(filters, fields.CATALOG)

        def evict(connection: Connection) -> int:
            self._audits.append(connection, [audit])
            return self._catalog.evict(connection, conditions)

        return await self._writer.write(evict)

    async def reserve(self, key: CacheKey, holder: str) -> str:
        return await self._writer.write(lambda connection: self._catalog.reserve(connection, key, holder))

    async def reserved_by(self, key: CacheKey) -> str:
        return await self._read(lambda connection: self._catalog.reserved_by(connection, key))

    async def unreserve(self, key: CacheKey, holder: str) -> None:
        released = [Released(key, holder)]
        await self._writer.write(lambda connection: self._catalog.release(connection, released))

    # What clients keep in the catalog themselves

    async def create_dataset(self, dataset: DatasetRecord, audit: Audit) -> bool:
        return await self._audited(audit, lambda connection: self._datasets.create(connection, dataset))

    async def datasets(self, query: Query) -> list[DatasetRecord]:
        page = fields.check(query, fields.DATASETS)
        return await self._read(lambda connection: self._datasets.page(connection, page))

    async def create_artifact(self, artifact: ArtifactRecord, audit: Audit) -> bool:
        return await self._audited(audit, lambda connection: self._datasets.create_artifact(connection, artifact))

    async def update_artifact(self, artifact: ArtifactRecord, audit: Audit) -> bool:
        return await self._audited(audit, lambda connection: self._datasets.update_artifact(connection, artifact))

    async def tag_artifact(self, dataset: DatasetId, id: str, tag: str, audit: Audit) -> bool:
        return await self._audited(audit, lambda connection: self._datasets.tag(connection, dataset, id, tag))

    async def artifacts(self, query: ArtifactQuery) -> list[ArtifactRecord]:
        return await self._read(lambda connection: self._datasets.artifacts(connection, query))

    async def kept_output(self, key: str) -> KeptOutput | None:
        return await self._read(lambda connection: self._outputs.get(connection, key))

    async def keep_output(self, kept: KeptOutput, audit: Audit, *, overwrite: bool) -> bool:
        return await self._audited(audit, lambda connection: self._outputs.keep(connection, kept, overwrite=overwrite))

    async def drop_output(self, key: str, audit: Audit) -> bool:
        return await self._audited(audit, lambda connection: self._outputs.drop(connection, key))

    async def hold(self, wanted: Hold, audit: Audit, *, now: int) -> Hold:
        def hold(connection: Connection) -> Hold:
            held, is_new = self._outputs.hold(connection, wanted, now)
            if is_new:
                self._audits.append(connection, [audit])
            return held

        return await self._writer.write(hold)

    async def let_go(self, name: str, owner: str, audit: Audit) -> None:
        await self._audited(audit, lambda connection: self._outputs.let_go(connection, name, owner))

    # Inside

    async def _audited(self, audit: Audit, change: Callable[[Connection], bool]) -> bool:
        """Make a change; it is audited where it changed something."""

        def write(connection: Connection) -> bool:
            if not change(connection):
                return False
            self._audits.append(connection, [audit])
            return True

        return await self._writer.write(write)

    def _open(self, connection: Connection) -> None:
        if schema.prepare(connection):
            project = first_project(self._clock())
            self._projects.put(connection, project)
            target = f"project {project.id}"
            audit = Audit(project.created_at, SYSTEM.principal, "create", target, project=project.id)
            self._audits.append(connection, [audit])

    async def _listen(self) -> None:
        from alula.server.stores.sql.listener import Listener  # lazy: imports psycopg, for PostgreSQL only

        listener = Listener(self._url, self._origin, self._wake, self._unheard)
        await listener.start()
        self._listening.push_async_callback(listener.stop)

    async def _unheard(self) -> Sequence[ExecutionId]:
        def unheard(connection: Connection) -> list[ExecutionId]:
            return [*self._executions.unattended(connection), *self._inbox.addressees(connection)]

        return list(dict.fromkeys(await self._read(unheard)))

    async def _read(self, statement: Callable[[Connection], Result]) -> Result:
        if self._readers is None:
            raise Unavailable("StoreStopped", "the store is not running")
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._readers, self._on_reader, statement)

    def _on_reader(self, statement: Callable[[Connection], Result]) -> Result:
        try:
            return self._once(statement)
        except DBAPIError as error:
            if not error.connection_invalidated:
                raise translated(error, self._url) from error
        except SQLAlchemyError as error:
            raise translated(error, self._url) from error
        # The connection was broken: the pool has dropped it and opens another. Reading twice does no harm.
        try:
            return self._once(statement)
        except SQLAlchemyError as error:
            raise translated(error, self._url) from error

    def _once(self, statement: Callable[[Connection], Result]) -> Result:
        with self._reading.connect() as connection:
            return statement(connection)

    def _wake(self, execution: ExecutionId) -> None:
        for callback in self._callbacks:
            callback(execution)
