"""A platform as Python programs use it: register, fetch, execute, wait, outputs as Python values.

The facade over the other modules of this package; decides nothing that the command line would not.

    with Remote() as remote:
        run = remote.execute(pipeline, {"depths": [1, 2]}).wait()
        print(run.outputs["best"])
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from copy import copy
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, Unpack, cast

import msgspec
from flyteidl.admin import common_pb2, execution_pb2
from flyteidl.core import identifier_pb2, interface_pb2, literals_pb2

from alula.core.engine.records import ExecutionPhase
from alula.core.errors import FailedPrecondition, InvalidInput, NotFound, TaskError
from alula.core.ids import EntityId, ExecutionId, Place
from alula.sdk.authoring.alone import alone_by_its_variable
from alula.sdk.authoring.launch_plan import LaunchPlan
from alula.sdk.authoring.map_task import MapTask
from alula.sdk.authoring.resources import Resources
from alula.sdk.authoring.task import Task
from alula.sdk.authoring.workflow import Workflow
from alula.sdk.client import again
from alula.sdk.client.backfills import (
    AskedBackfill,
    Backfill,
    BackfillSettings,
    Slot,
    find_backfill,
    plan_backfill,
    start_backfill,
)
from alula.sdk.client.connection import Connection
from alula.sdk.client.endpoint import Endpoint, find_endpoint
from alula.sdk.client.inputs import Launchable, input_literals, variable_literals
from alula.sdk.client.launch import LaunchSettings, launch
from alula.sdk.client.package import package
from alula.sdk.client.python_types import python_type_of
from alula.sdk.client.references import look_up
from alula.sdk.client.register import Registration, prepare, register
from alula.sdk.client.rpcs import (
    GET_EXECUTION,
    GET_EXECUTION_DATA,
    GET_LAUNCH_PLAN,
    GET_TASK,
    GET_WORKFLOW,
    LIST_LAUNCH_PLANS,
    LIST_TASKS,
    TERMINATE_EXECUTION,
)
from alula.sdk.client.run_view import RunReader, RunView, to_execution_id
from alula.sdk.client.upload import RemoteStore
from alula.sdk.client.watch import follow
from alula.sdk.types.engine import to_python


class Fetched(msgspec.Struct, frozen=True):
    """Something registered that can be executed."""

    id: EntityId
    resource: identifier_pb2.ResourceType
    """`TASK` or `LAUNCH_PLAN`."""
    interface: interface_pb2.TypedInterface


class Remote:
    """A connection to one platform and a place on it. Use as a context manager."""

    def __init__(
        self,
        endpoint: str | Endpoint | None = None,
        *,
        project: str = "flytesnacks",
        domain: str = "development",
        data: str | None = None,
    ) -> None:
        """Finds the platform as the command line does. Raises `Unavailable` when none is to be found.

        Args:
            endpoint: `host:port` of the platform's gRPC.
            project: where things are registered and run.
            domain: as `project`.
            data: data folder of a platform on this machine.
        """
        self.project = project
        self.domain = domain
        found = endpoint if isinstance(endpoint, Endpoint) else find_endpoint(endpoint, data=data)
        self.connection = Connection(found)

    def __enter__(self) -> Remote:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the connection; runs go on."""
        self.connection.close()

    def at(self, project: str, domain: str) -> Remote:
        """The same platform at another place, over the same connection."""
        other = copy(self)
        other.project, other.domain = project, domain
        return other

    def register(self, *entities: Launchable | MapTask[object], version: str = "") -> list[EntityId]:
        """Register entities with their code folder, and all they use; what has not changed is left as it is."""
        registered = self._registered(tuple(_launchable(entity) for entity in entities), version)
        return [EntityId(id.project, id.domain, id.name, id.version) for id in registered.ids]

    def fetch_task(self, name: str, version: str = "") -> Fetched:
        """A registered task, the newest without a version. Raises `NotFound`."""
        id = self._identifier(identifier_pb2.TASK, name, version or self._newest_task(name))
        task = self.connection.call(GET_TASK, common_pb2.ObjectGetRequest(id=id))
        interface = task.closure.compiled_task.template.interface
        return Fetched(_entity_id(id), identifier_pb2.TASK, interface)

    def fetch_launch_plan(self, name: str, version: str = "") -> Fetched:
        """A registered launch plan (a workflow has one of its name), the newest without a version."""
        id = self._identifier(identifier_pb2.LAUNCH_PLAN, name, version or self._newest_launch_plan(name))
        plan = self.connection.call(GET_LAUNCH_PLAN, common_pb2.ObjectGetRequest(id=id))
        workflow = self.connection.call(GET_WORKFLOW, common_pb2.ObjectGetRequest(id=plan.spec.workflow_id))
        interface = workflow.closure.compiled_workflow.primary.template.interface
        return Fetched(_entity_id(id), identifier_pb2.LAUNCH_PLAN, interface)

    def execute(
        self,
        entity: Launchable | MapTask[object] | Fetched,
        inputs: Mapping[str, object] | None = None,
        *,
        version: str = "",
        settings: LaunchSettings | None = None,
    ) -> Run:
        """Start a run. An entity of this program is registered first, where it has changed.

        Raises `InvalidInput` for an input that is unknown, missing or of another type.
        """
        store = RemoteStore(self.connection, project=self.project, domain=self.domain)
        given = dict(inputs or {})
        types: dict[str, object] = {}
        if isinstance(entity, Fetched):
            id = self._identifier(entity.resource, entity.id.name, entity.id.version)
            literals = variable_literals(str(entity.id), entity.interface.inputs.variables, given, store)
        else:
            entity = _launchable(entity)
            _check_names(entity, given)
            id = self._registered((entity,), version).id
            if isinstance(entity, Workflow):
                id = self._identifier(identifier_pb2.LAUNCH_PLAN, id.name, id.version)
            literals = input_literals(entity, given, store)
            types = dict(entity.interface.outputs)
        name = launch(
            self.connection,
            id,
            literals_pb2.LiteralMap(literals=literals),
            project=self.project,
            domain=self.domain,
            settings=settings or LaunchSettings(),
        )
        return Run(self, name, types)

    def backfill(
        self,
        plan: str | LaunchPlan,
        first: datetime,
        until: datetime | None = None,
        **settings: Unpack[BackfillSettings],
    ) -> Backfill:
        """Run a launch plan for times in the past: for each that its schedule names, from one time on and before
        another.

        ```python
        backfill = remote.backfill("nightly", datetime(2026, 1, 1), datetime(2026, 2, 1), at_once=4).wait()
        ```

        Args:
            plan: it is registered, and has a schedule unless `cron` is given.
            first: a time without an offset is in the time zone of the schedule.
            until: as `first`; else now.
            settings: as `BackfillSettings` tells.

        Raises `NotFound`, and `InvalidInput` for a range that is not possible.
        """
        return start_backfill(self.connection, self._asked(plan, first, until, settings))

    def plan_backfill(
        self,
        plan: str | LaunchPlan,
        first: datetime,
        until: datetime | None = None,
        **settings: Unpack[BackfillSettings],
    ) -> list[Slot]:
        """What `backfill` would do with each slot. Changes nothing, and raises the same."""
        return plan_backfill(self.connection, self._asked(plan, first, until, settings))

    def fetch_backfill(self, name: str) -> Backfill:
        """A backfill that exists. Raises `NotFound`."""
        return find_backfill(self.connection, ExecutionId(self.project, self.domain, name))

    def run(self, name: str) -> Run:
        """A run that exists. Raises `NotFound`."""
        run = Run(self, ExecutionId(self.project, self.domain, name), {})
        run.refresh()
        return run

    def _asked(
        self, plan: str | LaunchPlan, first: datetime, until: datetime | None, settings: BackfillSettings
    ) -> AskedBackfill:
        name = plan if isinstance(plan, str) else plan.name
        return AskedBackfill(Place(self.project, self.domain), name, first, until, settings)

    def _registered(self, entities: tuple[Launchable, ...], version: str) -> Registration:
        if not entities:
            raise InvalidInput("NothingDeclared", "there is nothing to register")
        roots = {_root_of(entity) for entity in entities}
        if len(roots) > 1:
            raise InvalidInput("SeveralRoots", "the entities lie in several code folders", fix="register them apart")
        bundle = package(roots.pop())
        if bundle.warning:
            warnings.warn(bundle.warning, stacklevel=3)
        plan = prepare(
            entities,
            bundle,
            look_up=partial(look_up, self.connection),
            project=self.project,
            domain=self.domain,
            version=version,
        )
        registration = register(self.connection, plan)
        if registration.warning:
            warnings.warn(registration.warning, stacklevel=3)
        return registration

    def _identifier(self, kind: identifier_pb2.ResourceType, name: str, version: str) -> identifier_pb2.Identifier:
        return identifier_pb2.Identifier(
            resource_type=kind, project=self.project, domain=self.domain, name=name, version=version
        )

    def _newest_task(self, name: str) -> str:
        for task in self.connection.call(LIST_TASKS, self._newest(name)).tasks:
            return task.id.version
        raise NotFound("NotFound", f"there is no task `{name}` in {self.project}/{self.domain}")

    def _newest_launch_plan(self, name: str) -> str:
        for plan in self.connection.call(LIST_LAUNCH_PLANS, self._newest(name)).launch_plans:
            return plan.id.version
        raise NotFound("NotFound", f"there is no launch plan `{name}` in {self.project}/{self.domain}")

    def _newest(self, name: str) -> common_pb2.ResourceListRequest:
        id = common_pb2.NamedEntityIdentifier(project=self.project, domain=self.domain, name=name)
        return common_pb2.ResourceListRequest(id=id, limit=1, sort_by=common_pb2.Sort(key="created_at"))


class Run:
    """One run on a platform, as it was when it was last looked at."""

    def __init__(self, remote: Remote, id: ExecutionId, output_types: dict[str, object]) -> None:
        self.id = id
        self._remote = remote
        self.types = output_types
        """Of the outputs, by name; empty if only the platform knows them."""
        self._message: execution_pb2.Execution | None = None

    @property
    def message(self) -> execution_pb2.Execution:
        """The FlyteIDL message of the run."""
        return self._message or self.refresh()

    @property
    def phase(self) -> ExecutionPhase:
        return ExecutionPhase(self.message.closure.phase)

    @property
    def error(self) -> TaskError | None:
        """The error of a run that failed; None for any other run."""
        error = self.message.closure.error
        return TaskError(error.code, error.message) if error.code else None

    def refresh(self) -> execution_pb2.Execution:
        """Look at it now."""
        request = execution_pb2.WorkflowExecutionGetRequest(id=to_execution_id(self.id))
        self._message = self._remote.connection.call(GET_EXECUTION, request)
        return self._message

    def view(self) -> RunView:
        """Its nodes and attempts, as they are now."""
        return RunReader(self._remote.connection, self.id).read()

    def wait(self, timeout_s: float | None = None) -> Run:
        """Until it has ended, well or badly. Raises `Unavailable` code `WaitTimeout`."""
        for view in follow(self._remote.connection, self.id, timeout_s=timeout_s):
            self._message = view.execution
        return self

    @property
    def outputs(self) -> dict[str, object]:
        """The outputs by name, in the order in which the Python interface declares them if that is known, else by name.

        Raises `FailedPrecondition` unless it has succeeded.
        """
        if not self.phase.is_terminal:
            self.refresh()
        if self.phase is not ExecutionPhase.SUCCEEDED:
            reason = f": {self.error.message}" if self.error else ""
            raise FailedPrecondition("NoOutputs", f"{self.id} is {self.phase.name} and has no outputs{reason}")
        connection = self._remote.connection
        request = execution_pb2.WorkflowExecutionGetDataRequest(id=to_execution_id(self.id))
        literals = connection.call(GET_EXECUTION_DATA, request).full_outputs.literals
        types = self.types or self._registered_types()
        store = RemoteStore(connection, project=self.id.project, domain=self.id.domain)
        return {name: to_python(literals[name], python_type, store) for name, python_type in types.items()}

    def abort(self, cause: str = "aborted by a program") -> None:
        """Ask the platform to stop it."""
        request = execution_pb2.ExecutionTerminateRequest(id=to_execution_id(self.id), cause=cause)
        self._remote.connection.call(TERMINATE_EXECUTION, request)

    def relaunch(self, *, name: str = "", overwrite_cache: bool = False) -> Run:
        """Start the same with the same inputs."""
        id = again.relaunch(self._remote.connection, self.id, name=name, overwrite_cache=overwrite_cache)
        return Run(self._remote, id, self.types)

    def recover(self, *, name: str = "") -> Run:
        """Start the same without doing again what succeeded. Raises `FailedPrecondition` while it still runs."""
        return Run(self._remote, again.recover(self._remote.connection, self.id, name=name), self.types)

    def fork(
        self,
        *nodes: str,
        inputs: Mapping[str, object] | None = None,
        version: str = "",
        resources: Resources | None = None,
        container_image: str = "",
        name: str = "",
    ) -> Run:
        """Start a run that goes on from these nodes of this one, with changes.

        ```python
        better = run.fork("n3", inputs={"depth": 8}).wait()
        ```

        Args:
            nodes: they run again, with all that comes after them; without any, only what other inputs change.
            inputs: other values of inputs.
            version: another version of what was launched.
            resources: of the tasks of `nodes`.
            container_image: of the tasks of `nodes`.
            name: of the new run.

        Raises `NotFound` for a node that this run does not have, `InvalidInput` for an input that does not fit.
        """
        connection = self._remote.connection
        literals: dict[str, literals_pb2.Literal] = {}
        if inputs:
            store = RemoteStore(connection, project=self.id.project, domain=self.id.domain)
            variables = again.input_variables(connection, self.id, version=version)
            literals = variable_literals(str(self.id), variables, inputs, store)
        requests, limits = resources.split() if resources is not None else (None, None)
        changes = again.Changes(nodes, literals, version, requests, limits, container_image, name)
        return Run(self._remote, again.fork(connection, self.id, changes), self.types)

    def _registered_types(self) -> dict[str, object]:
        id = self.message.closure.workflow_id
        workflow = self._remote.connection.call(GET_WORKFLOW, common_pb2.ObjectGetRequest(id=id))
        interface = workflow.closure.compiled_workflow.primary.template.interface
        return {name: python_type_of(variable.type) for name, variable in sorted(interface.outputs.variables.items())}

    def __repr__(self) -> str:
        return f"<run {self.id}>"


def _launchable(entity: Launchable | MapTask[object]) -> Launchable:
    return alone_by_its_variable(entity) if isinstance(entity, MapTask) else entity


def _root_of(entity: Launchable) -> Path:
    """The code folder of the module that declares the entity."""
    owner: Any = entity.workflow if isinstance(entity, LaunchPlan) else entity
    declared = cast(Task[..., object] | Workflow[..., object], owner)
    path = Path(declared.location.file).resolve()
    levels = declared.module.count(".") + (1 if path.name == "__init__.py" else 0)
    return path.parents[levels]


def _check_names(entity: Launchable, given: Mapping[str, object]) -> None:
    for name in given:
        if name not in entity.interface.inputs:
            known = ", ".join(entity.interface.inputs) or "none"
            raise InvalidInput("UnknownInput", f"{entity.name} has no input `{name}`", fix=f"its inputs are: {known}")


def _entity_id(id: identifier_pb2.Identifier) -> EntityId:
    return EntityId(id.project, id.domain, id.name, id.version)
