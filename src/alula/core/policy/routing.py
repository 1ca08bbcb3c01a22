"""The choice of an executor for an attempt: by the wish of its project for the type of its task, then by a table.

Pure. Executors go by name; nothing here knows what they are.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from fnmatch import fnmatchcase
from typing import NamedTuple

import msgspec
from flyteidl.admin import matchable_resource_pb2

from alula.core.errors import TaskError


class Route(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Attempts that go to one executor: those that fit each list. An empty list fits all."""

    executor: str
    task_types: tuple[str, ...] = ()
    """Patterns, such as `bigquery_*`."""
    projects: tuple[str, ...] = ()
    domains: tuple[str, ...] = ()
    images: tuple[str, ...] = ()
    """Patterns, such as `ghcr.io/lab/*`. A task that is no container, or names no image, has the empty one."""
    except_images: tuple[str, ...] = ()
    """Patterns of images that it is not for, if any."""
    reason: str = ""
    """Why attempts go this way, for people."""

    def fits(self, task_type: str, project: str, domain: str, image: str = "") -> bool:
        return (
            (not self.task_types or _is_like(task_type, self.task_types))
            and (not self.images or _is_like(image, self.images))
            and not _is_like(image, self.except_images)
            and (not self.projects or project in self.projects)
            and (not self.domains or domain in self.domains)
        )


def _is_like(name: str, patterns: Sequence[str]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)


class Choice(NamedTuple):
    """An executor, and why it is this one; empty where nothing was said for any."""

    executor: str
    why: str = ""


class Wanted(msgspec.Struct, frozen=True, array_like=True):
    """The wish of a project's settings for tasks of one type: Flyte's plugin override."""

    task_type: str
    executors: tuple[str, ...]
    """By name; the first that the platform has is taken."""
    or_any: bool = False
    """True if the table decides where the platform has none of them. Otherwise such tasks fail."""


NO_WISH = Wanted("", (), or_any=True)


def wanted_of(overrides: matchable_resource_pb2.PluginOverrides) -> tuple[Wanted, ...]:
    """The wishes in Flyte's form."""
    any_else = matchable_resource_pb2.PluginOverride.USE_DEFAULT
    return tuple(
        Wanted(each.task_type, tuple(each.plugin_id), each.missing_plugin_behavior == any_else)
        for each in overrides.overrides
    )


def wish_for(task_type: str, wishes: Sequence[Wanted]) -> Wanted:
    """The wish for tasks of a type."""
    return next((each for each in wishes if each.task_type == task_type), NO_WISH)


def choose(
    task_type: str,
    project: str,
    domain: str,
    *,
    image: str = "",
    wish: Wanted,
    routes: Sequence[Route],
    executors: Sequence[str],
    asked_for: Choice | None = None,
) -> Choice | TaskError:
    """The executor of a new attempt, or why there is none. Where no route fits, it is the one that has `asked_for` it,
    or else the first of `executors`."""
    for name in wish.executors:
        if name in executors:
            return Choice(name, f"wanted by project `{project}`")
    if not wish.or_any:
        return TaskError(
            "ExecutorMissing",
            f"the settings of project `{project}` want tasks of type `{task_type}` on {_listed(wish.executors)}, "
            f"and this platform has {_listed(executors)}; change the plugin override, or let it use the default",
            recoverable=False,
        )
    for number, route in enumerate(routes, 1):
        if route.fits(task_type, project, domain, image):
            return Choice(route.executor, route.reason or f"by route {number} of the settings")
    return asked_for or Choice(executors[0])


def gone(executor: str, executors: Collection[str]) -> TaskError:
    """An attempt is with an executor that the platform does not have any more."""
    return TaskError(
        "ExecutorGone",
        f"the attempt is with executor `{executor}`, and this platform has {_listed(executors)} now; it may still run "
        f"there. Put `{executor}` back into the settings before the platform starts, or recover the run",
        kind="SYSTEM",
        recoverable=False,
    )


def _listed(names: Collection[str]) -> str:
    return ", ".join(f"`{name}`" for name in names) or "no executor"
