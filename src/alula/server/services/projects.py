"""Projects and domains: make, change, get, list; and the checks that a place exists and takes work."""

from __future__ import annotations

import re

import msgspec
from flyteidl.admin import common_pb2, project_pb2

from alula.core.errors import AlreadyExists, InvalidInput, NotFound
from alula.core.ids import Place
from alula.core.policy.registration import check_labels
from alula.server.access import Action
from alula.server.identity import Caller
from alula.server.services import filters, messages, pages
from alula.server.services.platform import Platform
from alula.server.store.projects import PROJECTS, ProjectRecord
from alula.server.store.query import Filter

_PROJECT_ID = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")
ID_MAX_CHARS = 63
NAME_MAX_CHARS = 64
DESCRIPTION_MAX_CHARS = 300
_LIST_DEFAULT_ROWS = 1000
_FIX_NO_PROJECT = (
    "name another, which `alula list projects` shows, or create it: with `alula project create`, or in the console's "
    "settings"
)


async def require_place(
    platform: Platform, caller: Caller, project: str, domain: str, *actions: Action
) -> ProjectRecord:
    """The active project in which something new is to stand. Raises `InvalidInput` where it can't.

    Raises `PermissionDenied` unless `caller` may do one of `actions` there.
    """
    await platform.require(caller, Place(project, domain), *actions)
    record = await _active(platform, project)
    if domain not in platform.domains:
        raise InvalidInput(
            "DomainNotFound",
            f"there is no domain `{domain}`",
            fix=f"use one of {', '.join(platform.domains)}, or add it to the setting `runs.domains`",
        )
    return record


async def require_active_project(platform: Platform, caller: Caller, project: str, *actions: Action) -> ProjectRecord:
    """Raises `InvalidInput` where it is not there or archived, and `PermissionDenied` as `require_place`."""
    await platform.require(caller, Place(project), *actions)
    return await _active(platform, project)


async def _active(platform: Platform, project: str) -> ProjectRecord:
    record = await platform.store.projects.get(project)
    if record is None:
        raise InvalidInput("ProjectNotFound", f"there is no project `{project}`", fix=_FIX_NO_PROJECT)
    if record.archived:
        raise InvalidInput(
            "ProjectArchived",
            f"project `{project}` is archived",
            fix=f"`alula project activate {project}` lets it take work again",
        )
    return record


async def require_listed_place(platform: Platform, caller: Caller, project: str, domain: str) -> tuple[Filter, ...]:
    """The conditions of a list on its project and domain. Raises `InvalidInput` where one is missing, and
    `PermissionDenied` unless `caller` may view them."""
    if not project or not domain:
        raise InvalidInput("IncompleteIdentifier", "a list needs a project and a domain")
    await platform.require(caller, Place(project, domain), Action.VIEW)
    return (Filter("project", "eq", (project,)), Filter("domain", "eq", (domain,)))


async def create_project(platform: Platform, caller: Caller, project: project_pb2.Project) -> None:
    """Make a project. Raises `AlreadyExists`, and `InvalidInput` for a bad id, name or label."""
    await platform.require(caller, Place(), Action.MANAGE)
    _check(project, new=True)
    if await platform.store.projects.get(project.id) is not None:
        raise AlreadyExists("ProjectExists", f"project `{project.id}` exists")
    record = ProjectRecord(
        id=project.id,
        name=project.name or project.id,
        description=project.description,
        labels=dict(project.labels.values),
        created_at=platform.clock(),
    )
    await _put(platform, caller, record, "create-project")


async def update_project(platform: Platform, caller: Caller, project: project_pb2.Project) -> None:
    """Replace name, description, labels and state; an empty name or description stays as it was."""
    await platform.require(caller, Place(project.id), Action.MANAGE)
    _check(project, new=False)
    before = await _existing(platform, project.id)
    record = msgspec.structs.replace(
        before,
        name=project.name or before.name,
        description=project.description or before.description,
        labels=dict(project.labels.values) if project.HasField("labels") else before.labels,
        archived=project.state in (project_pb2.Project.ARCHIVED, project_pb2.Project.SYSTEM_ARCHIVED),
    )
    await _put(platform, caller, record, "update-project")


async def get_project(platform: Platform, caller: Caller, project: str) -> project_pb2.Project:
    """Raises `NotFound`."""
    await platform.require(caller, Place(project), Action.VIEW)
    return messages.entities.project(await _existing(platform, project), platform.domains)


async def list_projects(
    platform: Platform, caller: Caller, request: project_pb2.ProjectListRequest
) -> project_pb2.Projects:
    """A page of the projects that `caller` may view; without a limit the first 1000, as clients expect of this list."""
    places = await platform.viewable(caller)
    page = filters.query(
        filters.PROJECT_FIELDS,
        limit=request.limit or _LIST_DEFAULT_ROWS,
        token=request.token,
        filters=request.filters,
        sort_by=request.sort_by if request.HasField("sort_by") else _BY_ID,
        places=places,
    )
    shown, following = await pages.read(
        page,
        PROJECTS,
        platform.store.projects.page,
        lambda row: messages.entities.project(row, platform.domains),
        portion=pages.PORTION_SMALL_ROWS,
    )
    return project_pb2.Projects(projects=shown, token=following)


_BY_ID = common_pb2.Sort(key="id", direction=common_pb2.Sort.ASCENDING)


async def _existing(platform: Platform, project: str) -> ProjectRecord:
    record = await platform.store.projects.get(project)
    if record is None:
        raise NotFound("ProjectNotFound", f"there is no project `{project}`", fix=_FIX_NO_PROJECT)
    return record


async def _put(platform: Platform, caller: Caller, record: ProjectRecord, action: str) -> None:
    audit = platform.audit(caller, action, f"project {record.id}", project=record.id)
    await platform.store.projects.put(record, audit)


def _check(project: project_pb2.Project, *, new: bool) -> None:
    if len(project.id) > ID_MAX_CHARS or not _PROJECT_ID.fullmatch(project.id):
        raise InvalidInput(
            "InvalidProjectId",
            f"`{project.id}` can't be a project id",
            fix=f"use at most {ID_MAX_CHARS} lower-case letters, digits and inner hyphens",
        )
    if len(project.name) > NAME_MAX_CHARS:
        raise InvalidInput(
            "InvalidProjectName", f"the name of `{project.id}` is longer than {NAME_MAX_CHARS} characters"
        )
    if len(project.description) > DESCRIPTION_MAX_CHARS:
        raise InvalidInput(
            "InvalidProjectDescription",
            f"the description of `{project.id}` is longer than {DESCRIPTION_MAX_CHARS} characters",
        )
    check_labels(project.labels.values)
    if new and project.domains:
        raise InvalidInput(
            "DomainsNotSettable", "domains belong to the platform, not to a project", fix="leave them out"
        )
