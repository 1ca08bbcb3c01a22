"""The kinds of things a platform keeps: how each is fetched, listed and laid out in a table.

One entry a kind; `get.py` knows no kind by name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from flyteidl.admin import (
    common_pb2,
    execution_pb2,
    launch_plan_pb2,
    node_execution_pb2,
    project_pb2,
    schedule_pb2,
    task_pb2,
    workflow_pb2,
)
from flyteidl.core import execution_pb2 as phases_pb2
from flyteidl.core import identifier_pb2, interface_pb2
from google.protobuf.message import Message

from alula.cli.output import format_duration, format_moment, format_time, to_document, to_seconds
from alula.cli.triggers import state_of
from alula.core.errors import NotFound
from alula.sdk.client import rpcs
from alula.sdk.client.connection import Connection
from alula.sdk.client.own import ask
from alula.sdk.client.rpcs import Rpc

ENTITIES = ("task", "workflow", "launch-plan")


class Page(NamedTuple):
    """A part of a list, in an order."""

    limit: int
    token: str
    filters: str
    sort_by: str
    ascending: bool


class Place(NamedTuple):
    """The place to look in: a project's domain, and a name in it (empty for all)."""

    project: str
    domain: str
    name: str


class Documents(NamedTuple):
    """A list of what the platform tells in JSON alone."""

    documents: Sequence[dict[str, Any]]
    token: str
    """What `--token` goes on with; empty at the end."""


class Kind(NamedTuple):
    """One kind of thing: its list call and its layout."""

    title: str
    columns: tuple[str, ...]
    list: Callable[[Connection, Place, Page], Message | Documents]
    rows: Callable[[Any], list[list[str]]]
    """Rows of the list message, under `columns`."""


def get_entity(connection: Connection, kind: str, place: Place, version: str) -> Message:
    """A task, workflow or launch plan: at `version`, or the newest. Raises `NotFound`."""
    resource, fetch, listing = _ENTITIES[kind]
    if not version:
        page = Page(1, "", "", "created_at", False)
        newest: Any = connection.call(listing, _resource_list(place, page))
        found: list[Any] = [one for field, part in newest.ListFields() if field.name != "token" for one in part]
        if not found:
            title = kind.replace("-", " ")
            raise NotFound(
                "NotFound",
                f"there is no {title} `{place.name}` in {place.project}/{place.domain}",
                fix=f"`alula list {kind}` shows those there are",
            )
        version = found[0].id.version
    id = identifier_pb2.Identifier(
        resource_type=resource, project=place.project, domain=place.domain, name=place.name, version=version
    )
    return connection.call(fetch, common_pb2.ObjectGetRequest(id=id))


def entity_facts(entity: Any) -> list[tuple[str, str]]:
    """The names and values to show of a task, workflow or launch plan."""
    closure = entity.closure
    facts = [("name", entity.id.name), ("version", entity.id.version)]
    if hasattr(closure, "compiled_task"):
        template = closure.compiled_task.template
        return [
            *facts,
            ("type", template.type),
            ("interface", interface_text(template.interface)),
            ("image", template.container.image),
            ("command", " ".join([*template.container.command, *template.container.args])),
            ("retries", str(template.metadata.retries.retries or "")),
            ("cache version", template.metadata.discovery_version if template.metadata.discoverable else ""),
        ]
    if hasattr(closure, "compiled_workflow"):
        template = closure.compiled_workflow.primary.template
        nodes = [node.id for node in template.nodes if node.id not in ("start-node", "end-node")]
        return [*facts, ("interface", interface_text(template.interface)), ("nodes", ", ".join(nodes))]
    return [
        *facts,
        ("state", str(to_document(closure).get("state", ""))),
        ("workflow", f"{entity.spec.workflow_id.name}@{entity.spec.workflow_id.version}"),
        ("schedule", schedule_text(entity.spec.entity_metadata.schedule)),
    ]


def interface_text(interface: interface_pb2.TypedInterface) -> str:
    """`(x, y) -> (o0)`."""
    inputs = ", ".join(sorted(interface.inputs.variables))
    outputs = ", ".join(sorted(interface.outputs.variables))
    return f"({inputs}) -> ({outputs})"


def _resource_list(place: Place, page: Page) -> common_pb2.ResourceListRequest:
    id = common_pb2.NamedEntityIdentifier(project=place.project, domain=place.domain, name=place.name)
    return common_pb2.ResourceListRequest(
        id=id, limit=page.limit, token=page.token, filters=page.filters, sort_by=_sort(page)
    )


def _sort(page: Page) -> common_pb2.Sort:
    direction = common_pb2.Sort.ASCENDING if page.ascending else common_pb2.Sort.DESCENDING
    return common_pb2.Sort(key=page.sort_by, direction=direction)


def _list_projects(connection: Connection, place: Place, page: Page) -> Message:
    filters = page.filters or (f"eq(identifier,{place.name})" if place.name else "")
    request = project_pb2.ProjectListRequest(limit=page.limit, token=page.token, filters=filters)
    if page.sort_by != "created_at":
        request.sort_by.CopyFrom(_sort(page))
    return connection.call(rpcs.LIST_PROJECTS, request)


def _project_rows(projects: project_pb2.Projects) -> list[list[str]]:
    return [
        [
            project.id,
            project.name,
            project_pb2.Project.ProjectState.Name(project.state).lower(),
            ", ".join(domain.id for domain in project.domains),
            project.description,
        ]
        for project in projects.projects
    ]


def _lister(rpc: Rpc[common_pb2.ResourceListRequest, Any]) -> Callable[[Connection, Place, Page], Message]:
    return lambda connection, place, page: connection.call(rpc, _resource_list(place, page))


def _task_rows(tasks: task_pb2.TaskList) -> list[list[str]]:
    return [
        [
            task.id.name,
            task.id.version,
            task.closure.compiled_task.template.type,
            interface_text(task.closure.compiled_task.template.interface),
            format_time(task.closure.created_at),
        ]
        for task in tasks.tasks
    ]


def _workflow_rows(workflows: workflow_pb2.WorkflowList) -> list[list[str]]:
    return [
        [
            workflow.id.name,
            workflow.id.version,
            interface_text(workflow.closure.compiled_workflow.primary.template.interface),
            format_time(workflow.closure.created_at),
        ]
        for workflow in workflows.workflows
    ]


def _launch_plan_rows(launch_plans: launch_plan_pb2.LaunchPlanList) -> list[list[str]]:
    return [
        [
            plan.id.name,
            plan.id.version,
            launch_plan_pb2.LaunchPlanState.Name(plan.closure.state),
            f"{plan.spec.workflow_id.name}@{plan.spec.workflow_id.version}",
            schedule_text(plan.spec.entity_metadata.schedule),
            format_time(plan.closure.created_at),
        ]
        for plan in launch_plans.launch_plans
    ]


def schedule_text(schedule: schedule_pb2.Schedule) -> str:
    """`cron 0 6 * * *`, `every 5 MINUTE`, or empty."""
    if schedule.HasField("cron_schedule"):
        return f"cron {schedule.cron_schedule.schedule}"
    if schedule.HasField("rate"):
        unit = schedule_pb2.FixedRateUnit.Name(schedule.rate.unit)
        return f"every {schedule.rate.value} {unit}"
    return f"cron {schedule.cron_expression}" if schedule.cron_expression else ""


def _execution_rows(executions: execution_pb2.ExecutionList) -> list[list[str]]:
    return [execution_row(execution) for execution in executions.executions]


def execution_row(execution: execution_pb2.Execution) -> list[str]:
    closure = execution.closure
    launched = execution.spec.launch_plan
    return [
        execution.id.name,
        phases_pb2.WorkflowExecution.Phase.Name(closure.phase),
        launched.name,
        launched.version,
        format_time(closure.created_at),
        format_duration(to_seconds(closure.duration)) if closure.HasField("duration") else "",
        closure.error.code,
    ]


def _list_node_executions(connection: Connection, place: Place, page: Page) -> Message:
    run = identifier_pb2.WorkflowExecutionIdentifier(project=place.project, domain=place.domain, name=place.name)
    request = node_execution_pb2.NodeExecutionListRequest(
        workflow_execution_id=run,
        limit=page.limit,
        token=page.token,
        filters=page.filters,
        sort_by=_sort(page),
    )
    return connection.call(rpcs.LIST_NODE_EXECUTIONS, request)


def _node_rows(nodes: node_execution_pb2.NodeExecutionList) -> list[list[str]]:
    return [
        [
            node.id.node_id,
            phases_pb2.NodeExecution.Phase.Name(node.closure.phase),
            cache_text(node),
            format_time(node.closure.started_at),
            format_duration(to_seconds(node.closure.duration)) if node.closure.HasField("duration") else "",
            node.closure.error.code,
        ]
        for node in nodes.node_executions
    ]


def cache_text(node: node_execution_pb2.NodeExecution) -> str:
    """`HIT`, `POPULATED` ...; empty where the cache is off."""
    from flyteidl.core import catalog_pb2  # lazy: only where nodes are shown

    status = node.closure.task_node_metadata.cache_status
    return catalog_pb2.CatalogCacheStatus.Name(status).removeprefix("CACHE_") if status else ""


def _list_schedules(connection: Connection, place: Place, page: Page) -> Documents:
    return _own_list(connection, "schedules", place, page)


def _own_list(connection: Connection, kind: str, place: Place, page: Page) -> Documents:
    offset = int(page.token or "0")
    found = ask(connection, kind, *place[:2], limit=str(page.limit), offset=str(offset))
    return Documents(found, str(offset + page.limit) if len(found) == page.limit else "")


def _schedule_rows(schedules: Documents) -> list[list[str]]:
    return [schedule_row(each) for each in schedules.documents]


def schedule_row(schedule: Mapping[str, Any]) -> list[str]:
    """A row under the columns of schedules."""
    return [
        schedule["name"],
        schedule["version"],
        schedule["state"],
        *(format_moment(schedule[name]) for name in ("next_at", "last_at")),
        schedule["last_run"],
        str(len(schedule["waiting"]) or ""),
        str(schedule["missed"] or ""),
        schedule["skipped"],
    ]


def _list_backfills(connection: Connection, place: Place, page: Page) -> Documents:
    return _own_list(connection, "backfills", place, page)


def _backfill_rows(backfills: Documents) -> list[list[str]]:
    return [
        [
            found["name"],
            found["state"],
            f"{found['plan']}@{found['version']}",
            *(format_moment(found[name]) for name in ("first", "until")),
            *(str(count or "") for count in found["slots"].values()),
        ]
        for found in backfills.documents
    ]


def _list_triggers(connection: Connection, place: Place, page: Page) -> Documents:
    return _own_list(connection, "triggers", place, page)


def _trigger_rows(triggers: Documents) -> list[list[str]]:
    return [
        [
            found["name"],
            found["version"],
            state_of(found),
            found["waits_for"],
            format_moment(found["last_at"]),
            *(str(found[name] or "") for name in ("started", "refused")),
        ]
        for found in triggers.documents
    ]


_ENTITIES: dict[str, tuple[Any, Rpc[common_pb2.ObjectGetRequest, Any], Rpc[Any, Any]]] = {
    "task": (identifier_pb2.TASK, rpcs.GET_TASK, rpcs.LIST_TASKS),
    "workflow": (identifier_pb2.WORKFLOW, rpcs.GET_WORKFLOW, rpcs.LIST_WORKFLOWS),
    "launch-plan": (identifier_pb2.LAUNCH_PLAN, rpcs.GET_LAUNCH_PLAN, rpcs.LIST_LAUNCH_PLANS),
}

KINDS: dict[str, Kind] = {
    "project": Kind("projects", ("id", "name", "state", "domains", "description"), _list_projects, _project_rows),
    "task": Kind(
        "tasks",
        ("name", "version", "type", "interface", "created"),
        _lister(rpcs.LIST_TASKS),
        _task_rows,
    ),
    "workflow": Kind(
        "workflows",
        ("name", "version", "interface", "created"),
        _lister(rpcs.LIST_WORKFLOWS),
        _workflow_rows,
    ),
    "launch-plan": Kind(
        "launch plans",
        ("name", "version", "state", "workflow", "schedule", "created"),
        _lister(rpcs.LIST_LAUNCH_PLANS),
        _launch_plan_rows,
    ),
    "execution": Kind(
        "executions",
        ("name", "phase", "launched", "version", "created", "duration", "error"),
        _lister(rpcs.LIST_EXECUTIONS),
        _execution_rows,
    ),
    "node-execution": Kind(
        "node executions",
        ("node", "phase", "cache", "started", "duration", "error"),
        _list_node_executions,
        _node_rows,
    ),
    "schedule": Kind(
        "schedules",
        ("name", "version", "state", "next", "last", "last run", "waiting", "missed", "skipped last"),
        _list_schedules,
        _schedule_rows,
    ),
    "backfill": Kind(
        "backfills",
        ("name", "state", "plan", "from", "to", "waiting", "running", "succeeded", "failed", "there"),
        _list_backfills,
        _backfill_rows,
    ),
    "trigger": Kind(
        "triggers",
        ("name", "version", "state", "waits for", "last", "started", "refused"),
        _list_triggers,
        _trigger_rows,
    ),
}

SPELLINGS: Sequence[str] = tuple(KINDS)
