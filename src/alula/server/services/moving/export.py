"""Export of a run, with its children: all is gathered and measured first, then the file is written as it is sent.

Rows and values are copied into a spool, with the URIs that they will have in the file; objects are read when their turn
comes. Exporting the imported run again gives the same file.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Iterable, Iterator
from importlib.metadata import version

import msgspec
from flyteidl.admin import execution_pb2, launch_plan_pb2, task_pb2, workflow_pb2
from flyteidl.core import compiler_pb2, literals_pb2
from google.protobuf.message import DecodeError, Message

from alula.core.engine import events as facts
from alula.core.engine import recovery
from alula.core.engine.moving import moved, moved_event, moved_recovery, recovery_uris
from alula.core.engine.records import ExecutionPhase, NodeRecord
from alula.core.errors import InvalidInput, NotFound
from alula.core.ids import ExecutionId
from alula.core.literals.moving import Moving
from alula.core.policy.run_file import (
    ENTITIES,
    ENTRIES_MAX,
    EXPORTED,
    FILE_MAX_BYTES,
    FORMAT,
    IMPORTED_FROM,
    MANIFEST,
    OF_THE_IMPORT,
    RECORD_MAX_BYTES,
    RUNS_MAX,
    Folder,
    Manifest,
    is_path,
    run_part,
    too_large,
)
from alula.server.access import Action
from alula.server.beside import done_beside
from alula.server.blob import LIST_MAX
from alula.server.identity import Caller
from alula.server.pieces import first_bytes
from alula.server.services import layout
from alula.server.services.executions import require_execution
from alula.server.services.moving import rows
from alula.server.services.moving.entities import Needed
from alula.server.services.moving.paths import Outward, RunFolder, path_of
from alula.server.services.moving.spool import Span, Spool
from alula.server.services.moving.zip_writer import ZipWriter
from alula.server.services.platform import Platform
from alula.server.store.entities import EntityKind
from alula.server.store.executions import ExecutionRecord

_OF_ATTEMPTS = ("/log.txt", f"/{layout.DECK}")
"""The objects of an attempt that nothing but their place refers to, or a row."""
_CODE = f"{EXPORTED}{layout.UPLOADS}/"
SPECS: dict[EntityKind, type[Message]] = {
    "task": task_pb2.TaskSpec,
    "workflow": workflow_pb2.WorkflowSpec,
    "launch_plan": launch_plan_pb2.LaunchPlanSpec,
}


class _Object(msgspec.Struct, frozen=True):
    """An object that is copied as it is."""

    uri: str
    size: int


class Export:
    """A run that is gathered, until it is closed."""

    def __init__(self, platform: Platform, caller: Caller, root: ExecutionRecord, *, with_data: bool) -> None:
        self._platform = platform
        self._caller = caller
        self._root = root
        self._with_data = with_data
        self._raw = Spool(platform.scratch)
        self._spool = Spool(platform.scratch)
        self._runs: list[ExecutionRecord] = []
        self._parts: dict[str, Span] = {}
        """Entries in the spool, in the order in which they are written."""
        self._objects: dict[str, _Object] = {}
        """By their paths in the file."""
        self._paths: dict[str, str] = {}
        """Paths of values that have another name in the file, by URI."""
        self._left_out: set[str] = set()
        self._seen = Moving((f"{platform.blobs.uri()}/",), self._uri)
        """Notes what is referred to."""
        self._moving = Moving((f"{platform.blobs.uri()}/",), self._uri)
        self._graphs: dict[str, None] = {}
        self._recoveries: dict[str, None] = {}
        self._always: dict[str, None] = {}
        """Objects that are copied also without data: code, and decks of nodes that were taken over."""
        self._outward = Outward(platform.blobs, ())
        self._needed = Needed(platform, caller)

    @property
    def size(self) -> int:
        """The bytes of all entries, unpacked."""
        spooled = sum(span.size for span in self._parts.values())
        return spooled + sum(found.size for found in self._objects.values())

    def close(self) -> None:
        self._raw.__exit__()
        self._spool.__exit__()

    async def gather(self) -> None:
        """Read all but the objects. Raises `ResourceExhausted` for a run that is too large."""
        spans = [await self._copy(run) async for run in self._with_children()]
        self._outward = Outward(self._platform.blobs, [RunFolder(run.id, run.incarnation) for run in self._runs])
        await self._note(spans)
        for uri in [*self._seen.values]:
            await self._add_value(uri)
        for uri in self._graphs:
            await self._add_graph(uri)
        await self._add_entities()
        for number, (run, span) in enumerate(zip(self._runs, spans, strict=True)):
            await asyncio.to_thread(self._add_run, number, run, *span)
        for uri in self._recoveries:  # known by the hashes of all values before
            await self._add_recovery(uri)
        await self._find_objects()
        if self.size > FILE_MAX_BYTES or len(self._parts) + len(self._objects) > ENTRIES_MAX:
            raise too_large(
                f"run `{self._root.id}` has {self.size:,} bytes in {len(self._objects):,} objects; "
                f"{FILE_MAX_BYTES:,} bytes and {ENTRIES_MAX:,} objects fit into a file",
                "export it without data",
            )

    async def pieces(self) -> AsyncIterator[bytes]:
        """The file."""
        writer = ZipWriter()
        for name, span in self._parts.items():
            async for piece in writer.add(name, span.size, _beside(self._spool.pieces(span))):
                yield piece
        for path, found in sorted(self._objects.items()):
            pieces = first_bytes(found.size, self._platform.blobs.read(found.uri))
            async for piece in writer.add(f"objects/{path}", found.size, pieces):
                yield piece
        manifest = msgspec.json.encode(
            Manifest(
                format=FORMAT,
                alula=version("alula"),
                origin=self._origin(),
                runs=tuple(str(run.id) for run in self._runs),
                with_data=self._with_data,
                left_out=len(self._left_out),
                entries=tuple(writer.entries),
            )
        )
        async for piece in writer.add(MANIFEST, len(manifest), _beside(iter([manifest]))):
            yield piece
        yield await writer.end()

    async def _with_children(self) -> AsyncIterator[ExecutionRecord]:
        """The run, and the runs that launch plan nodes of it and of these started, in the order of their rows."""
        waiting = [self._root.id]
        known = set(waiting)
        for id in waiting:
            record = await self._platform.store.executions.get(id)
            if record is None:
                continue
            if len(self._runs) == RUNS_MAX:
                raise too_large(f"run `{self._root.id}` has more than {RUNS_MAX:,} children", "export these alone")
            self._runs.append(record)
            yield record
            children = [ExecutionId(id.project, id.domain, child) for child in self._children]
            waiting += [child for child in children if child not in known]
            known.update(children)

    async def _copy(self, run: ExecutionRecord) -> tuple[Span, Span]:
        """Spool the rows and the log of a run as they are."""
        self._children: list[str] = []
        waiting: list[bytes] = []
        start = self._raw.size
        async for row in rows.read_rows(self._platform.store, run.id):
            if isinstance(row, NodeRecord) and row.child:
                self._children.append(row.child)
            if isinstance(row, NodeRecord) and row.dynamic_uri:
                self._graphs[row.dynamic_uri] = None
            waiting.append(rows.encode(row))
            if len(waiting) == LIST_MAX:
                await asyncio.to_thread(self._raw.add, waiting)
                waiting = []
        await asyncio.to_thread(self._raw.add, waiting)
        of_rows = Span(start, self._raw.size)
        log = await self._platform.store.log.read(run.id)
        return of_rows, await asyncio.to_thread(self._raw.add, log)

    async def _note(self, spans: Iterable[tuple[Span, Span]]) -> None:
        """Note all that rows, logs and inventories refer to."""
        for run in self._runs:
            await self._needed.add_run(run)
            moved(run, self._seen)
        for of_rows, of_log in spans:
            await asyncio.to_thread(self._note_records, of_rows, of_log)
        for uri in self._recoveries:
            if (data := await self._read(uri)) is not None:
                found = recovery.decode(data)
                await asyncio.to_thread(moved, found, self._seen)
                self._graphs.update(dict.fromkeys(recovery_uris(found)))

    def _note_records(self, of_rows: Span, of_log: Span) -> None:
        for record in self._raw.records(of_rows):
            if self._seen.concerns(record):
                row = rows.decode(record)
                moved(row, self._seen)
                if isinstance(row, NodeRecord) and row.deck_uri:
                    self._always[row.deck_uri] = None
        for record in self._raw.records(of_log):
            if not self._seen.concerns(record):
                continue
            event = facts.decode(record)
            moved(event, self._seen)
            if isinstance(event, facts.GraphReturned):
                self._graphs[event.closure_uri] = None
            elif isinstance(event, facts.ValueLoaded):
                self._seen.values[event.uri] = None
            elif isinstance(event, facts.Created) and event.recovery_uri:
                self._recoveries[event.recovery_uri] = None

    async def _add_value(self, uri: str) -> None:
        """Copy a value that was put aside, after those inside it. Its name, if that is its digest, becomes that of the
        copy."""
        if uri in self._paths or (data := await self._read(uri)) is None:
            return
        self._paths[uri] = path = self._outward.path(path_of(self._platform.blobs, uri))
        try:
            literal = await done_beside(len(data), literals_pb2.Literal.FromString, data)
        except DecodeError:
            self._leave_out(uri)
            return
        inside = Moving((f"{self._platform.blobs.uri()}/",), self._uri)
        inside.message(literal)
        for each in inside.values:
            await self._add_value(each)
        self._seen.found.update(inside.found)
        after = await done_beside(len(data), self._moving.serialized, data, literals_pb2.Literal)
        self._paths[uri] = renamed(path, data, after)
        self._add_object("values", self._paths[uri], after)

    async def _add_graph(self, uri: str) -> None:
        data = await self._read(uri)
        if data is None:
            return
        graph = await done_beside(len(data), compiler_pb2.CompiledWorkflowClosure.FromString, data)
        await self._needed.add_graph(graph)
        self._note_code(graph)
        self._add_object("graphs", self._path(uri), graph.SerializeToString(deterministic=True))

    def _note_code(self, message: Message) -> None:
        """Move a specification, and note the code that it names."""

        def rule(uri: str) -> str:
            after = self._uri(uri)
            if after.startswith(_CODE):
                self._always[uri] = None
            return after

        Moving((f"{self._platform.blobs.uri()}/",), rule).message(message)

    async def _add_entities(self) -> None:
        def moved_specifications() -> Iterator[bytes]:
            for each in self._needed.specifications():
                spec = SPECS[each.kind].FromString(each.spec)
                self._note_code(spec)
                data = spec.SerializeToString(deterministic=True)
                yield msgspec.msgpack.encode(msgspec.structs.replace(each, spec=data))

        self._parts[ENTITIES] = await asyncio.to_thread(lambda: self._spool.add(moved_specifications()))

    def _add_run(self, number: int, run: ExecutionRecord, of_rows: Span, of_log: Span) -> None:
        """A run that has not ended is one in the file that ends with its export."""
        at, name, moving = self._platform.clock(), str(run.id), self._moving
        ends = run.phase.is_terminal

        def moved_row(record: bytes) -> bytes:
            if ends and not moving.concerns(record):
                return record
            row = moved(rows.decode(record), moving)
            return rows.encode(row if ends else rows.closed(row, at))

        def moved_log() -> Iterator[bytes]:
            for record in self._raw.records(of_log):
                if moving.concerns(record):
                    yield facts.encode(moved_event(facts.decode(record), moving, name, {}))
                else:
                    yield record
            if not ends:
                yield facts.encode(facts.AbortRequested(at, _cause(run), self._caller.principal))

        log = self._spool.add(moved_log())
        count = sum(1 for _ in self._spool.records(log))
        record = moved(msgspec.structs.replace(run, spec=self._spec(run), seq=count, archived=False), moving)
        if not ends:
            record = msgspec.structs.replace(
                record,
                phase=ExecutionPhase.ABORTED,
                updated_at=at,
                ended_at=at,
                abort_cause=_cause(run),
                abort_principal=self._caller.principal,
            )
        self._parts[run_part(number, "record")] = self._spool.add([msgspec.msgpack.encode(record)])
        self._parts[run_part(number, "events")] = log
        span = self._spool.add(moved_row(record) for record in self._raw.records(of_rows))
        self._parts[run_part(number, "rows")] = span

    def _spec(self, run: ExecutionRecord) -> bytes:
        """Without what an import has noted in it."""
        spec = execution_pb2.ExecutionSpec.FromString(run.spec)
        for name in OF_THE_IMPORT:
            spec.annotations.values.pop(name, None)
        self._moving.message(spec)
        return spec.SerializeToString(deterministic=True)

    async def _add_recovery(self, uri: str) -> None:
        data = await self._read(uri)
        if data is not None:
            after = await asyncio.to_thread(moved_recovery, data, self._moving, {})
            self._add_object("recoveries", self._path(uri), after)

    async def _find_objects(self) -> None:
        """The objects that are copied as they are: logs, decks, code, and what values refer to."""
        for run in self._runs:
            prefix = layout.run_prefix(self._platform.blobs, run.id, incarnation=run.incarnation)
            async for uri in self._below(prefix):
                if uri.endswith(_OF_ATTEMPTS) and not self._outward.is_imported(path_of(self._platform.blobs, uri)):
                    await self._find(uri)
        for uri in self._always:
            await self._find(uri)
        for uri in self._seen.found if self._with_data else ():
            await self._find(uri)
            async for inside in self._below(uri):
                await self._find(inside)

    async def _find(self, uri: str) -> None:
        path = self._path(uri)
        if path in self._objects or not await self._may_take(uri):
            return
        size = await self._platform.blobs.size(uri)
        if size is None:
            if not await self._platform.blobs.exists(uri):
                self._leave_out(uri)
        elif f"values/{path}" not in self._parts:
            self._objects[path] = _Object(uri, size)
            if len(self._objects) > ENTRIES_MAX:
                raise too_large(
                    f"run `{self._root.id}` has more than {ENTRIES_MAX:,} objects", "export it without data"
                )

    async def _below(self, uri: str) -> AsyncIterator[str]:
        """All objects of a folder."""
        if not await self._may_take(uri):
            return
        after, prefix = "", f"{uri.rstrip('/')}/"
        while page := await self._platform.blobs.list(prefix, after=after, limit=LIST_MAX):
            for after in page:
                yield after
            if len(page) < LIST_MAX:
                return

    async def _read(self, uri: str) -> bytes | None:
        """An object with URIs in it; None if it is left out."""
        if await self._may_take(uri):
            try:
                return await self._platform.blobs.get(uri, limit_bytes=RECORD_MAX_BYTES)
            except (NotFound, InvalidInput):
                self._leave_out(uri)
        return None

    async def _may_take(self, uri: str) -> bool:
        """True if the object is in a place that the caller may view: a value may name any object."""
        place = layout.place_of(self._platform.blobs, uri)
        is_ok = place.project != "" and is_path(path_of(self._platform.blobs, uri).rstrip("/"))
        is_ok = is_ok and await self._platform.access.may(self._caller, Action.VIEW, place)
        if not is_ok:
            self._leave_out(uri)
        return is_ok

    def _leave_out(self, uri: str) -> None:
        self._left_out.add(uri)

    def _add_object(self, folder: Folder, path: str, data: bytes) -> None:
        start = self._spool.size
        self._spool.write(data)
        self._parts[f"{folder}/{path}"] = Span(start, self._spool.size)

    def _path(self, uri: str) -> str:
        return self._paths.get(uri) or self._outward.path(path_of(self._platform.blobs, uri))

    def _uri(self, uri: str) -> str:
        return EXPORTED + self._path(uri)

    def _origin(self) -> str:
        """The platform where the run took place, be it imported here."""
        spec = execution_pb2.ExecutionSpec.FromString(self._root.spec)
        return spec.annotations.values.get(IMPORTED_FROM, "").partition(" ")[2] or self._platform.http_endpoint


async def export_run(platform: Platform, caller: Caller, id: ExecutionId, *, with_data: bool = True) -> Export:
    """A run with all that it needs. The caller closes it.

    Raises `NotFound`, and `ResourceExhausted` code `RunFileTooLarge`.
    """
    root = await require_execution(platform, caller, id, Action.VIEW)
    export = Export(platform, caller, root, with_data=with_data)
    try:
        await export.gather()
    except BaseException:
        export.close()
        raise
    return export


def renamed(path: str, before: bytes, after: bytes) -> str:
    """The path of an object with other content: if it was named by the digest of the one, by that of the other."""
    folder, _, name = path.rpartition("/")
    return f"{folder}/{hashlib.sha256(after).hexdigest()}" if name == hashlib.sha256(before).hexdigest() else path


def _cause(run: ExecutionRecord) -> str:
    return f"It was exported while it was {run.phase.name}: this is the run up to then."


async def _beside(pieces: Iterator[bytes]) -> AsyncIterator[bytes]:
    for piece in pieces:
        yield piece
