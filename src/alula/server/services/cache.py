"""Kept results of cached tasks: to look at them, and to have tasks run again."""

from __future__ import annotations

from alula.core.engine.records import CacheEntry
from alula.core.errors import InvalidInput
from alula.core.ids import Place
from alula.server.access import Action
from alula.server.identity import Caller
from alula.server.services.platform import Platform
from alula.server.services.projects import require_place
from alula.server.store.query import Filter, Query

PAGE_MAX = 1000


async def list_entries(
    platform: Platform,
    caller: Caller,
    project: str,
    domain: str,
    *,
    task: str = "",
    version: str = "",
    source: str = "",
    limit: int = 100,
    offset: int = 0,
) -> list[CacheEntry]:
    """Entries of a place without their outputs, newest first; `source` is the beginning of what made them."""
    await platform.require(caller, Place(project, domain), Action.VIEW)
    if not 1 <= limit <= PAGE_MAX:
        raise InvalidInput("BadPage", f"a page has 1 to {PAGE_MAX} entries, not {limit}")
    chosen = _chosen(project, domain, task, version, source)
    return await platform.store.catalog.page(Query(limit=limit, offset=offset, filters=chosen))


async def evict(
    platform: Platform, caller: Caller, project: str, domain: str, *, task: str, version: str = "", source: str = ""
) -> int:
    """Forget results of a task, so that it runs again; returns their number.

    Raises `InvalidInput` without a task: all of a project is not forgotten by leaving a word out.
    """
    await require_place(platform, caller, project, domain, Action.CACHE)
    if not task:
        raise InvalidInput("NoTaskToEvict", "no task is named whose results are to be forgotten", fix="name the task")
    told = ", ".join(part for part in (f"version {version}" if version else "", source) if part)
    audit = platform.audit(
        caller, "evict", f"cache of {project}/{domain}/{task}", project=project, domain=domain, detail=told
    )
    return await platform.store.catalog.evict(_chosen(project, domain, task, version, source), audit)


def _chosen(project: str, domain: str, task: str, version: str, source: str) -> tuple[Filter, ...]:
    given = (("project", project), ("domain", domain), ("task", task), ("cache_version", version))
    chosen = [Filter(field, "eq", (value,)) for field, value in given if value]
    # All that begins with a text is between it and the same text with its last character's successor.
    if source:
        chosen.append(Filter("source", "gte", (source,)))
        if after := _after(source):
            chosen.append(Filter("source", "lt", (after,)))
    return tuple(chosen)


def _after(prefix: str) -> str:
    """The first text after all that begin so; empty if there is none."""
    shorter = prefix.rstrip("\U0010ffff")
    if not shorter:
        return ""
    last = ord(shorter[-1])
    return shorter[:-1] + chr(0xE000 if last == 0xD7FF else last + 1)  # between these two are no characters
