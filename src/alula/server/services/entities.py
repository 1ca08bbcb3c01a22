"""Reading of registered entities: one, pages of them, pages of names."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TypeVar

from flyteidl.admin import common_pb2, launch_plan_pb2, task_pb2, workflow_pb2
from flyteidl.core import identifier_pb2
from google.protobuf.message import Message

from alula.core.errors import NotFound
from alula.core.ids import EntityId, Place
from alula.server.access import Action
from alula.server.beside import done_beside
from alula.server.identity import Caller
from alula.server.services import filters, messages, pages
from alula.server.services.messages.names import entity_id, not_found
from alula.server.services.platform import Platform
from alula.server.services.projects import require_listed_place
from alula.server.store.entities import ENTITIES, ENTITY_NAMES, EntityKind, EntityRecord
from alula.server.store.query import Filter

Shown = TypeVar("Shown", bound=Message)

_FIELDS: dict[EntityKind, filters.Fields] = {
    "task": filters.TASK_FIELDS,
    "workflow": filters.WORKFLOW_FIELDS,
    "launch_plan": filters.LAUNCH_PLAN_FIELDS,
}
_VISIBLE = Filter("hidden", "eq", ("false",))
ListRequest = common_pb2.ResourceListRequest


async def require_entity(
    platform: Platform, caller: Caller, kind: EntityKind, id: EntityId, *actions: Action
) -> EntityRecord:
    """The registered entity of this id. Raises `PermissionDenied` unless `caller` may do one of `actions` there, and
    `NotFound`."""
    record = await find_entity(platform, caller, kind, id, *actions)
    if record is None:
        raise not_found(kind, str(id), fix="register it, or check its version")
    return record


async def find_entity(
    platform: Platform, caller: Caller, kind: EntityKind, id: EntityId, *actions: Action
) -> EntityRecord | None:
    """The same, None if it is not registered."""
    await platform.require(caller, id.place, *actions)
    return await platform.store.entities.get(kind, id)


async def get_task(platform: Platform, caller: Caller, id: identifier_pb2.Identifier) -> task_pb2.Task:
    """Raises `NotFound`."""
    return messages.entities.task(await require_entity(platform, caller, "task", entity_id(id), Action.VIEW))


async def get_workflow(platform: Platform, caller: Caller, id: identifier_pb2.Identifier) -> workflow_pb2.Workflow:
    """Raises `NotFound`."""
    record = await require_entity(platform, caller, "workflow", entity_id(id), Action.VIEW)
    return await done_beside(len(record.closure), messages.entities.workflow, record)


async def get_launch_plan(
    platform: Platform, caller: Caller, id: identifier_pb2.Identifier
) -> launch_plan_pb2.LaunchPlan:
    """Raises `NotFound`."""
    return messages.entities.launch_plan(
        await require_entity(platform, caller, "launch_plan", entity_id(id), Action.VIEW)
    )


async def get_active_launch_plan(
    platform: Platform, caller: Caller, name: common_pb2.NamedEntityIdentifier
) -> launch_plan_pb2.LaunchPlan:
    """The active version of a launch plan; raises `NotFound` when there is none."""
    await platform.require(caller, Place(name.project, name.domain), Action.VIEW)
    record = await platform.store.entities.active_launch_plan(name.project, name.domain, name.name)
    if record is None:
        raise NotFound(
            "ActiveLaunchPlanNotFound",
            f"launch plan `{name.project}/{name.domain}/{name.name}` has no active version",
            fix="activate one, or name a version",
        )
    return messages.entities.launch_plan(record)


async def list_tasks(platform: Platform, caller: Caller, request: ListRequest) -> task_pb2.TaskList:
    """A page of tasks of a project and domain, of one name where the request names one."""
    shown, following = await _list(platform, caller, "task", request, messages.entities.task)
    return task_pb2.TaskList(tasks=shown, token=following)


async def list_workflows(platform: Platform, caller: Caller, request: ListRequest) -> workflow_pb2.WorkflowList:
    """A page of workflows, each with its interface only."""
    shown, following = await _list(platform, caller, "workflow", request, messages.entities.workflow_summary)
    return workflow_pb2.WorkflowList(workflows=shown, token=following)


async def list_launch_plans(platform: Platform, caller: Caller, request: ListRequest) -> launch_plan_pb2.LaunchPlanList:
    """A page of launch plans."""
    shown, following = await _list(platform, caller, "launch_plan", request, messages.entities.launch_plan)
    return launch_plan_pb2.LaunchPlanList(launch_plans=shown, token=following)


async def list_active_launch_plans(
    platform: Platform, caller: Caller, request: launch_plan_pb2.ActiveLaunchPlanListRequest
) -> launch_plan_pb2.LaunchPlanList:
    """A page of the active versions in a project and domain."""
    place = await require_listed_place(platform, caller, request.project, request.domain)
    page = filters.query(
        filters.LAUNCH_PLAN_FIELDS,
        limit=request.limit,
        token=request.token,
        sort_by=request.sort_by if request.HasField("sort_by") else None,
        extra=(*place, Filter("state", "eq", ("ACTIVE",))),
    )
    rows = partial(platform.store.entities.page, "launch_plan")
    shown, following = await pages.read(page, ENTITIES, rows, messages.entities.launch_plan)
    return launch_plan_pb2.LaunchPlanList(launch_plans=shown, token=following)


async def list_ids(
    platform: Platform, caller: Caller, kind: EntityKind, request: common_pb2.NamedEntityIdentifierListRequest
) -> common_pb2.NamedEntityIdentifierList:
    """A page of the names of a kind in a project and domain."""
    place = await require_listed_place(platform, caller, request.project, request.domain)
    sort_by = request.sort_by if request.HasField("sort_by") else _BY_NAME
    page = filters.query(
        filters.ENTITY_NAME_FIELDS,
        limit=request.limit,
        token=request.token,
        filters=request.filters,
        sort_by=sort_by,
        extra=(*place, _VISIBLE),
        default_sort="name",
    )
    names = partial(platform.store.entities.names, kind)
    shown, following = await pages.read(
        page, ENTITY_NAMES, names, messages.entities.name_identifier, portion=filters.PAGE_MAX_ROWS
    )
    return common_pb2.NamedEntityIdentifierList(entities=shown, token=following)


async def _list(
    platform: Platform, caller: Caller, kind: EntityKind, request: ListRequest, shown: Callable[[EntityRecord], Shown]
) -> tuple[list[Shown], str]:
    extra = await require_listed_place(platform, caller, request.id.project, request.id.domain)
    # A list of one name shows what the platform made under it; a list of all shows what users made.
    extra += (Filter("name", "eq", (request.id.name,)),) if request.id.name else (_VISIBLE,)
    page = filters.query(
        _FIELDS[kind],
        limit=request.limit,
        token=request.token,
        filters=request.filters,
        sort_by=request.sort_by if request.HasField("sort_by") else None,
        extra=extra,
    )
    return await pages.read(page, ENTITIES, partial(platform.store.entities.page, kind), shown)


_BY_NAME = common_pb2.Sort(key="name", direction=common_pb2.Sort.ASCENDING)
