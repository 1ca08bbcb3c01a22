"""Launchable entities by name: a launch plan, which every workflow has under its own name, or a task."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence

import msgspec
from flyteidl.admin import common_pb2
from flyteidl.core import identifier_pb2, interface_pb2, literals_pb2

from alula.core.errors import NotFound
from alula.sdk.client.connection import Connection
from alula.sdk.client.rpcs import GET_LAUNCH_PLAN, GET_TASK, LIST_LAUNCH_PLANS, LIST_TASKS, LIST_WORKFLOWS

NAMES_MAX = 1000
"""Of registered things that are looked through for one that was meant."""


class Registered(msgspec.Struct, frozen=True):
    """Something that a run may be of."""

    id: identifier_pb2.Identifier
    inputs: interface_pb2.ParameterMap
    """The inputs that may be given, with defaults; without those that a launch plan fixes."""
    fixed: Mapping[str, literals_pb2.Literal] = {}
    """The inputs that a launch plan fixes."""
    workflow: str = ""
    """The name of the workflow that a launch plan starts."""

    @property
    def kind(self) -> str:
        """`task` or `launch plan`."""
        return "task" if self.id.resource_type == identifier_pb2.TASK else "launch plan"


def find_registered(connection: Connection, project: str, domain: str, name: str, version: str = "") -> Registered:
    """The launch plan of this name, else the task; the newest without a version.

    Raises `NotFound` code `NotFound`, with what may have been meant.
    """
    plan = _launch_plan(connection, _identifier(identifier_pb2.LAUNCH_PLAN, project, domain, name, version))
    found = plan or _task(connection, _identifier(identifier_pb2.TASK, project, domain, name, version))
    if found is not None:
        return found
    if version:
        _refuse_version(connection, project, domain, name, version)
    raise NotFound(
        "NotFound",
        f"there is no launch plan and no task `{name}` in {project}/{domain}",
        fix=_fix_for_workflow(connection, project, domain, name)
        or what_may_be_meant(connection, project, domain, name, version),
    )


def require_task(connection: Connection, project: str, domain: str, name: str) -> None:
    """Raises `NotFound` unless a task of this name is registered, with the one that may have been meant."""
    tasks = _identifier(identifier_pb2.TASK, project, domain, "", "")
    names = _unique(task.id.name for task in connection.call(LIST_TASKS, _page(tasks)).tasks)
    if name in names or _task(connection, _identifier(identifier_pb2.TASK, project, domain, name, "")):
        return
    fix = _nearest(name, names) or "see what there is with `alula list task`"
    raise NotFound("NotFound", f"there is no task `{name}` in {project}/{domain}", fix=fix)


def _refuse_version(connection: Connection, project: str, domain: str, name: str, version: str) -> None:
    """Raises `NotFound` if what is named is there in other versions, with the newest of them."""
    known = _identifier(identifier_pb2.LAUNCH_PLAN, project, domain, name, "")
    plans = [plan.id for plan in connection.call(LIST_LAUNCH_PLANS, _page(known)).launch_plans]
    ids = plans or [task.id for task in connection.call(LIST_TASKS, _page(known)).tasks]
    if not ids:
        return
    raise NotFound(
        "NotFound",
        f"{'launch plan' if plans else 'task'} `{name}` has no version `{version}` in {project}/{domain}",
        fix=f"name the newest, `{name}@{ids[0].version}`, or leave the version out; {_listed(ids)}",
    )


def _listed(ids: Sequence[identifier_pb2.Identifier]) -> str:
    versions = _unique(id.version for id in ids)
    return f"its versions are: {', '.join(versions[:5])}{', ...' if len(versions) > 5 else ''}"


def _fix_for_workflow(connection: Connection, project: str, domain: str, name: str) -> str:
    """The fix if the name is that of a workflow: other clients may register one without a launch plan. Else empty."""
    id = _identifier(identifier_pb2.WORKFLOW, project, domain, name, "")
    if not connection.call(LIST_WORKFLOWS, _page(id, limit=1)).workflows:
        return ""
    return f"register a launch plan of workflow `{name}`, as a run is started by one"


def _identifier(
    kind: identifier_pb2.ResourceType, project: str, domain: str, name: str, version: str
) -> identifier_pb2.Identifier:
    return identifier_pb2.Identifier(resource_type=kind, project=project, domain=domain, name=name, version=version)


def _launch_plan(connection: Connection, id: identifier_pb2.Identifier) -> Registered | None:
    if not id.version:
        plans = connection.call(LIST_LAUNCH_PLANS, _page(id, limit=1)).launch_plans
        if not plans:
            return None
        id.CopyFrom(plans[0].id)
    try:
        plan = connection.call(GET_LAUNCH_PLAN, common_pb2.ObjectGetRequest(id=id))
    except NotFound:
        return None
    return Registered(
        plan.id, plan.closure.expected_inputs, plan.spec.fixed_inputs.literals, plan.spec.workflow_id.name
    )


def _task(connection: Connection, id: identifier_pb2.Identifier) -> Registered | None:
    if not id.version:
        tasks = connection.call(LIST_TASKS, _page(id, limit=1)).tasks
        if not tasks:
            return None
        id.CopyFrom(tasks[0].id)
    try:
        task = connection.call(GET_TASK, common_pb2.ObjectGetRequest(id=id))
    except NotFound:
        return None
    variables = task.closure.compiled_task.template.interface.inputs.variables
    parameters = {name: interface_pb2.Parameter(var=variable, required=True) for name, variable in variables.items()}
    return Registered(task.id, interface_pb2.ParameterMap(parameters=parameters))


def what_may_be_meant(connection: Connection, project: str, domain: str, name: str, version: str) -> str:
    """The fix for a name or version that is not there."""
    if version:
        known = _identifier(identifier_pb2.LAUNCH_PLAN, project, domain, name, "")
        plans = connection.call(LIST_LAUNCH_PLANS, _page(known)).launch_plans
        tasks = connection.call(LIST_TASKS, _page(known)).tasks
        if ids := [one.id for one in (*plans, *tasks)]:
            return _listed(ids)
    anything = _identifier(identifier_pb2.LAUNCH_PLAN, project, domain, "", "")
    plans = connection.call(LIST_LAUNCH_PLANS, _page(anything)).launch_plans
    tasks = connection.call(LIST_TASKS, _page(anything)).tasks
    names = _unique(one.id.name for one in (*plans, *tasks))
    return _nearest(name, names) or "see what there is with `alula list launch-plan`"


def _nearest(name: str, names: Sequence[str]) -> str:
    last = {known.rpartition(".")[2]: known for known in reversed(names)}
    close = difflib.get_close_matches(name, names, n=1, cutoff=0.6) or [
        last[short] for short in difflib.get_close_matches(name.rpartition(".")[2], last, n=1, cutoff=0.6)
    ]
    return f"did you mean `{close[0]}`?" if close else ""


def _page(id: identifier_pb2.Identifier, limit: int = NAMES_MAX) -> common_pb2.ResourceListRequest:
    named = common_pb2.NamedEntityIdentifier(project=id.project, domain=id.domain, name=id.name)
    return common_pb2.ResourceListRequest(id=named, limit=limit, sort_by=common_pb2.Sort(key="created_at"))


def _unique(texts: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(texts))
