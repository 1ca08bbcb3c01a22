"""Import of an exported run: a file becomes runs that have ended, with their objects and the entities that they need.

The file is taken in and checked as a whole. Then objects are written, which nobody sees as no row refers to them; then
entities are registered as any client would, so that nothing is believed that the file says of them; last, all rows are
written in one transaction. An import that ends before that can be made again, and finds its objects there. Nothing of
the file is run.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from typing import cast

import msgspec
from flyteidl.admin import execution_pb2, launch_plan_pb2, task_pb2, workflow_pb2
from flyteidl.core import compiler_pb2, literals_pb2
from google.protobuf.message import DecodeError, Message

from alula.core.engine import events as facts
from alula.core.engine.moving import moved, moved_event, moved_recovery
from alula.core.engine.records import Changes, NodeRecord
from alula.core.errors import AlreadyExists, AlulaError, InvalidInput, PermissionDenied
from alula.core.ids import ExecutionId, Place, child_execution_name, is_execution_name
from alula.core.literals.moving import Moving
from alula.core.literals.soundness import unsound
from alula.core.policy.registration import check_labels
from alula.core.policy.run_file import (
    ENTITIES,
    EXPORTED,
    FILE_MAX_BYTES,
    IMPORTED_AT,
    IMPORTED_FILE,
    IMPORTED_FROM,
    damaged,
    is_path,
    run_part,
    too_large,
)
from alula.server.access import Action
from alula.server.identity import Caller
from alula.server.services import register
from alula.server.services.code_uploads import ask_for
from alula.server.services.messages.names import execution_identifier, identifier
from alula.server.services.moving import rows
from alula.server.services.moving.entities import Specification
from alula.server.services.moving.export import SPECS, renamed
from alula.server.services.moving.paths import Inward, RunFolder, path_of
from alula.server.services.moving.run_file import RunFile
from alula.server.services.moving.spool import Records, Span, Spool
from alula.server.services.platform import Platform
from alula.server.services.projects import require_place
from alula.server.services.register import Registrant, keep_skeleton, skeleton_of
from alula.server.store.executions import ExecutionRecord
from alula.server.store.log import Moved

_INCARNATION = re.compile(r"([a-z2-7]{13})?")


class Imported(msgspec.Struct, frozen=True):
    """A run that was imported."""

    id: ExecutionId
    is_new: bool
    """False if the same file was imported before."""


class _Run(msgspec.Struct, frozen=True):
    """A run in a file, whole but for its log and its rows."""

    number: int
    before: ExecutionRecord
    id: ExecutionId
    """The run as it is called here."""

    @property
    def folder(self) -> RunFolder:
        return RunFolder(self.before.id, self.before.incarnation)


async def import_run(platform: Platform, caller: Caller, place: Place, pieces: AsyncIterator[bytes]) -> Imported:
    """Keep the runs of a file in a project and domain.

    Raises `InvalidInput` for a file that is damaged, `AlreadyExists` if there is another run of that name, and as
    registering what it needs does.
    """
    await require_place(platform, caller, *place, Action.LAUNCH)
    with Spool(platform.scratch) as taken, Spool(platform.scratch) as spool:
        await _take(taken, pieces)
        file = await asyncio.to_thread(RunFile, taken.file, taken.size)
        importing = _Importing(platform, caller, place, file, spool)
        return await importing.done()


async def _take(spool: Spool, pieces: AsyncIterator[bytes]) -> None:
    async for piece in pieces:
        if spool.size + len(piece) > FILE_MAX_BYTES:
            raise too_large(f"the file has more than {FILE_MAX_BYTES:,} bytes", "export it without data")
        await asyncio.to_thread(spool.write, piece)


class _Importing:
    """The import of one file."""

    def __init__(self, platform: Platform, caller: Caller, place: Place, file: RunFile, spool: Spool) -> None:
        self._platform = platform
        self._caller = caller
        self._place = place
        self._file = file
        self._spool = spool
        self._at = platform.clock()
        self._paths: dict[str, str] = {}
        """Paths of values that have another name here, by those in the file."""
        self._own_root = f"{platform.blobs.uri()}/"
        self._moving = Moving((EXPORTED, self._own_root), self._uri)
        self._uploads: set[str] = set()

    async def done(self) -> Imported:
        self._runs = await asyncio.to_thread(self._read_runs)
        self._names = {run.before.id.name: run.id.name for run in self._runs if run.id.name != run.before.id.name}
        root = self._runs[0].id
        if await self._is_there(root):
            return Imported(root, is_new=False)
        new = [run for run in self._runs if not await self._is_known(run)]
        self._uploads = {path for path in self._file.uploads if await self._may_upload(path)}
        moves = {run.folder: RunFolder(run.id, run.before.incarnation) for run in self._runs}
        self._inward = Inward(self._platform.blobs, moves, self._uploads)
        for path in self._file.paths("values"):
            await self._put_value(path)
        moved_runs = [await asyncio.to_thread(self._moved_run, run) for run in new]
        await self._put_objects()
        await self._register()
        audit = self._platform.audit(
            self._caller,
            "import",
            f"execution {root}",
            project=root.project,
            domain=root.domain,
            detail=self._origin(self._runs[0]),
        )
        is_new = await self._platform.store.log.take_in(moved_runs, audit)
        if not is_new and not await self._is_there(root):  # else another import of the file was first
            raise _taken(root.name)
        return Imported(root, is_new=is_new)

    def _read_runs(self) -> list[_Run]:
        """The runs, with the names that they get here: a child is called by its parent and its node."""
        records = [self._record(number) for number in range(len(self._file.manifest.runs))]
        names: dict[str, str] = {}
        runs: list[_Run] = []
        for number, record in enumerate(records):
            here = ExecutionId(*self._place, names.get(record.id.name, record.id.name))
            runs.append(_Run(number, record, here))
            if record.id.place != self._place:
                names.update(self._children(number, record.id, here))
        if len({run.id for run in runs}) < len(runs):
            raise damaged("it has two runs of one name")
        return runs

    def _record(self, number: int) -> ExecutionRecord:
        try:
            (data,) = self._file.records(run_part(number, "record"))
            record = msgspec.msgpack.decode(data, type=ExecutionRecord)
            execution_pb2.ExecutionSpec.FromString(record.spec)
        except (msgspec.MsgspecError, UnicodeDecodeError, DecodeError, ValueError, RecursionError) as error:
            raise damaged(f"its run {number} can't be read: {error}") from error
        rows.check_fields(record)
        if str(record.id) != self._file.manifest.runs[number] or not is_execution_name(record.id.name):
            raise damaged(f"its run {number} is not the one of its manifest")
        if not _INCARNATION.fullmatch(record.incarnation) or not is_path("/".join(record.id)):
            raise damaged(f"its run {number} can't have results of its own")
        if not record.phase.is_terminal:
            raise damaged(f"its run {number} is {record.phase.name}, and no end of a run")
        check_labels(record.labels)
        for literals in (record.inputs, record.user_inputs, record.outputs or b""):
            _check_literals(literals)
        return record

    def _children(self, number: int, before: ExecutionId, here: ExecutionId) -> Iterator[tuple[str, str]]:
        """The names of the children that are called otherwise here. One that was taken over from an earlier run keeps
        its name."""
        for record in self._file.records(run_part(number, "rows")):
            row = rows.decode(record)
            child = row.child if isinstance(row, NodeRecord) else None
            if child and child == child_execution_name(before, row.node_id):
                yield child, child_execution_name(here, row.node_id)

    async def _is_there(self, root: ExecutionId) -> bool:
        """True if this file was imported already. Raises `AlreadyExists` if another run has the name."""
        record = await self._platform.store.executions.get(root, with_values=False)
        if record is None:
            return False
        spec = execution_pb2.ExecutionSpec.FromString(record.spec)
        if spec.annotations.values.get(IMPORTED_FILE) != self._file.digest:
            raise _taken(root.name)
        return True

    async def _is_known(self, run: _Run) -> bool:
        """True for a child that is here already, with another run that has it: it is left as it is. Raises
        `AlreadyExists` if another run has the name."""
        record = await self._platform.store.executions.get(run.id)
        if record is not None and (run.id == self._runs[0].id or record.incarnation != run.before.incarnation):
            raise _taken(run.id.name)
        return record is not None

    async def _may_upload(self, path: str) -> bool:
        """True if the caller may upload code to this place; else it is kept beside the run."""
        _, project, domain, *_ = path.split("/")
        try:
            await require_place(self._platform, self._caller, project, domain, Action.REGISTER, Action.LAUNCH)
        except (PermissionDenied, InvalidInput):
            return False
        return True

    async def _put_value(self, path: str) -> None:
        """Write a value that was put aside; those inside it were before. Its name, if that is its digest, becomes that
        of the copy."""
        data = await asyncio.to_thread(self._file.whole, f"values/{path}")
        try:
            literal = literals_pb2.Literal.FromString(data)
        except DecodeError as error:
            raise damaged(f"`values/{path}` is no value") from error
        if reason := unsound(literal):
            raise damaged(f"`values/{path}` is no value: {reason}")
        after = self._moving.serialized(data, literals_pb2.Literal)
        self._paths[path] = renamed(self._inward.path(path), data, after)
        await self._put(self._paths[path], after)

    def _moved_run(self, run: _Run) -> Moved:
        name = run_part(run.number, "events")
        log = self._spool.add(self._moved_log(run, self._file.records(name)))
        count = sum(1 for _ in self._spool.records(log))
        if count != run.before.seq:
            raise damaged(f"run {run.number} has {count} of {run.before.seq} events")
        changes = self._spool.add(msgspec.msgpack.encode(each) for each in rows.in_portions(self._moved_rows(run)))
        record = moved(run.before, self._moving)
        record = msgspec.structs.replace(record, id=run.id, spec=self._spec(run), archived=False)
        return Moved(record, Records(self._spool, log), _Portions(self._spool, changes))

    def _moved_log(self, run: _Run, log: Iterable[bytes]) -> Iterator[bytes]:
        for seq, record in enumerate(log):
            try:
                event = facts.decode(record)
                after = moved_event(event, self._moving, str(run.id), self._names)
            except (msgspec.MsgspecError, UnicodeDecodeError, DecodeError, RecursionError) as error:
                raise damaged(f"event {seq} of run {run.number} can't be read: {error}") from error
            if isinstance(event, facts.Created) != (seq == 0):
                raise damaged(f"the log of run {run.number} does not begin as one does")
            if isinstance(event, facts.Created) and (event.workflow, event.incarnation) != (
                run.before.workflow,
                run.before.incarnation,
            ):
                raise damaged(f"the log of run {run.number} is that of another")
            yield record if after is event else facts.encode(after)

    def _moved_rows(self, run: _Run) -> Iterator[rows.Row]:
        for record in self._file.records(run_part(run.number, "rows")):
            row = rows.decode(record)
            try:
                row = moved(row, self._moving) if self._moving.concerns(record) else row
            except DecodeError as error:
                raise damaged(f"a row of run {run.number} has no value: {error}") from error
            if isinstance(row, NodeRecord):
                for literals in (row.inputs, row.outputs):
                    _check_literals(literals or b"")
                if row.child in self._names:
                    row = msgspec.structs.replace(row, child=self._names[row.child])
            yield row

    def _spec(self, run: _Run) -> bytes:
        spec = execution_pb2.ExecutionSpec.FromString(run.before.spec)
        self._moving.message(spec)
        here = {each.before.id: each.id for each in self._runs}
        for id in (spec.metadata.parent_node_execution.execution_id, spec.metadata.reference_execution):
            named = ExecutionId(id.project, id.domain, id.name)
            if named in here:
                id.CopyFrom(execution_identifier(here[named]))
        spec.annotations.values[IMPORTED_FROM] = self._origin(run)
        spec.annotations.values[IMPORTED_FILE] = self._file.digest
        spec.annotations.values[IMPORTED_AT] = str(self._at)
        return spec.SerializeToString(deterministic=True)

    def _origin(self, run: _Run) -> str:
        return f"{run.before.id} {self._file.manifest.origin}".strip()

    async def _put_objects(self) -> None:
        for path in self._file.paths("graphs"):
            data = await asyncio.to_thread(self._file.whole, f"graphs/{path}")
            await self._put(self._inward.path(path), self._graph(path, data))
        for path in self._file.paths("recoveries"):
            data = await asyncio.to_thread(self._file.whole, f"recoveries/{path}")
            try:
                after = await asyncio.to_thread(moved_recovery, data, self._moving, self._names)
            except (msgspec.MsgspecError, UnicodeDecodeError, DecodeError, RecursionError) as error:
                raise damaged(f"`recoveries/{path}` can't be read: {error}") from error
            await self._put(self._inward.path(path), after)
        for path in self._file.paths("objects"):
            uri = self._platform.blobs.uri(*self._inward.path(path).split("/"))
            await ask_for(self._platform, uri)
            await self._platform.blobs.put_stream(uri, _beside(self._file.pieces(f"objects/{path}")))

    def _graph(self, path: str, data: bytes) -> bytes:
        try:
            return self._moving.serialized(data, compiler_pb2.CompiledWorkflowClosure)
        except DecodeError as error:
            raise damaged(f"`graphs/{path}` is no graph") from error

    async def _put(self, path: str, data: bytes) -> None:
        await self._platform.blobs.put(self._platform.blobs.uri(*path.split("/")), data)

    async def _register(self) -> None:
        for record in self._file.records(ENTITIES):
            try:
                found = msgspec.msgpack.decode(record, type=Specification)
                spec = SPECS[found.kind].FromString(found.spec)
            except (msgspec.MsgspecError, UnicodeDecodeError, DecodeError, RecursionError) as error:
                raise damaged(f"a specification can't be read: {error}") from error
            self._moving.message(spec)
            await self._register_one(found, spec)
        for run in self._runs:
            await self._require_workflow(run.before)

    async def _register_one(self, found: Specification, spec: Message) -> None:
        """Register an entity, unless the same is registered already."""
        id = identifier(found.kind, found.id)
        platform, caller = self._platform, self._caller
        try:
            match found.kind:
                case "task":
                    task = task_pb2.TaskCreateRequest(id=id, spec=cast("task_pb2.TaskSpec", spec))
                    await register.create_task(platform, caller, task, Registrant())
                case "workflow":
                    workflow = workflow_pb2.WorkflowCreateRequest(id=id, spec=cast("workflow_pb2.WorkflowSpec", spec))
                    await register.create_workflow(platform, caller, workflow)
                case "launch_plan":
                    plan = cast("launch_plan_pb2.LaunchPlanSpec", spec)
                    request = launch_plan_pb2.LaunchPlanCreateRequest(id=id, spec=plan)
                    await register.create_launch_plan(platform, caller, request)
        except AlreadyExists:
            return
        except AlulaError as error:
            if error.code == "DifferentEntityExists":
                error.fix = "import it on a platform that has not registered this version otherwise"
            raise

    async def _require_workflow(self, run: ExecutionRecord) -> None:
        entities = self._platform.store.entities
        if run.launch_entity == "task" and (task := await entities.get("task", run.launch_plan)) is not None:
            await keep_skeleton(self._platform, skeleton_of(task))
        if await entities.get("workflow", run.workflow) is None:
            raise damaged(f"the workflow of `{run.id}` is not in it")

    def _uri(self, uri: str) -> str:
        """The URI here of an object in the file. One of this platform's own store is not in the file, so it leads to
        nothing: a stranger's file refers to nothing that is here."""
        if uri.startswith(EXPORTED):
            path = uri.removeprefix(EXPORTED)
        else:
            path = path_of(self._platform.blobs, uri)
        if not is_path(path.rstrip("/")):
            raise damaged(f"it refers to `{path[:200]}`")
        return self._own_root + (self._paths.get(path) or self._inward.path(path))


class _Portions:
    """The rows of a run as changes, to be read as often as wanted."""

    def __init__(self, spool: Spool, span: Span) -> None:
        self._records = Records(spool, span)

    def __iter__(self) -> Iterator[Changes]:
        return (msgspec.msgpack.decode(record, type=Changes) for record in self._records)


def _check_literals(data: bytes) -> None:
    """Raises `InvalidInput` unless these are values that can be carried through the platform."""
    try:
        literals: Mapping[str, literals_pb2.Literal] = literals_pb2.LiteralMap.FromString(data).literals
    except DecodeError as error:
        raise damaged(f"inputs or outputs can't be read: {error}") from error
    for name, literal in literals.items():
        if reason := unsound(literal):
            raise damaged(f"the value of `{name[:200]}` can't be used: {reason}")


def _taken(name: str) -> AlreadyExists:
    return AlreadyExists(
        "ExecutionExists", f"there is another run called `{name}`", fix="import it into another domain or project"
    )


async def _beside(pieces: Iterator[bytes]) -> AsyncIterator[bytes]:
    """Pieces that are unpacked in a thread."""
    while (piece := await asyncio.to_thread(next, pieces, None)) is not None:
        yield piece
