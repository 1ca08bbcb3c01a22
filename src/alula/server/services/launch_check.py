"""The check of a launch before it is made: all that is wrong with it, each with its place in the request."""

from __future__ import annotations

import asyncio
from collections.abc import Generator
from contextlib import contextmanager

import msgspec
from flyteidl.admin import execution_pb2

from alula.core.compiler.launch_plan import wrong_inputs
from alula.core.errors import AlulaError, PermissionDenied
from alula.core.ids import ExecutionId, Place
from alula.core.policy.queueing import check_quality
from alula.core.policy.registration import check_labels, check_parallelism
from alula.server.access import Action
from alula.server.identity import Caller
from alula.server.services.attributes import SettingsPlace, launch_settings
from alula.server.services.launch import name_of, require_free, require_runnable, target_of
from alula.server.services.platform import Platform
from alula.server.services.projects import require_place


class Problem(msgspec.Struct, frozen=True):
    """A reason why a launch would be refused."""

    path: str
    """The field of the request, as in `inputs.x` or `spec.labels`."""
    code: str
    message: str
    fix: str


class LaunchCheck(msgspec.Struct, frozen=True):
    """What `CreateExecution` would say to a request."""

    problems: list[Problem]
    """Empty if it would launch the run."""


async def check_launch(
    platform: Platform, caller: Caller, request: execution_pb2.ExecutionCreateRequest
) -> LaunchCheck:
    """Nothing is kept. Raises `PermissionDenied` as a launch."""
    await platform.require(caller, Place(request.project, request.domain), Action.LAUNCH)
    problems = _Problems()
    project_labels = dict[str, str]()
    with problems.at("project"):
        project = await require_place(platform, caller, request.project, request.domain, Action.LAUNCH)
        project_labels = dict(project.labels)
    with problems.at("name"):
        id = ExecutionId(request.project, request.domain, name_of(platform, request.name))
        await require_free(platform, id)
    with problems.at("spec.labels"):
        check_labels(dict(request.spec.labels.values.items() - project_labels.items()))
    with problems.at("spec.max_parallelism"):
        check_parallelism(request.spec.max_parallelism)
    with problems.at("spec.quality_of_service"):
        check_quality(request.spec.quality_of_service)
    with problems.at("spec.launch_plan"):
        target = await target_of(platform, caller, request.spec.launch_plan)
        given = request.inputs if request.HasField("inputs") else request.spec.inputs
        wrong = await asyncio.to_thread(
            wrong_inputs, target.expected_inputs, fixed=target.plan.fixed_inputs, given=given
        )
        problems.found += [Problem(f"inputs.{each.name}", each.code, each.message, "") for each in wrong]
        place = Place(request.project, request.domain)
        settings = await launch_settings(platform, SettingsPlace(*place, target.workflow.name))
        await require_runnable(platform, target, place, settings.wishes)
    return LaunchCheck(problems.found)


class _Problems:
    def __init__(self) -> None:
        self.found: list[Problem] = []

    @contextmanager
    def at(self, path: str) -> Generator[None]:
        """Take a refusal for a problem of this field."""
        try:
            yield
        except PermissionDenied:
            raise
        except AlulaError as error:
            self.found.append(Problem(path, error.code, error.message, error.fix))
