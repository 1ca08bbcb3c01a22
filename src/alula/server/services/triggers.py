"""Triggers of active launch plans and their firings: to look at them."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from flyteidl.admin import launch_plan_pb2

from alula.core.errors import InvalidInput, NotFound
from alula.core.ids import EntityId, ExecutionId, Place
from alula.core.policy.triggering import EndPhase, RunTrigger, trigger_of
from alula.server.access import Action
from alula.server.identity import Caller
from alula.server.services.executions import require_execution
from alula.server.services.platform import Platform
from alula.server.store.query import Filter, Query
from alula.server.store.trigger_records import FiringRecord, TriggerRecord
from alula.server.store.watches import WatchRecord

PAGE_MAX = 1000


async def list_triggers(
    platform: Platform, caller: Caller, project: str, domain: str, *, limit: int = 100, offset: int = 0
) -> list[TriggerRecord]:
    """The triggers of a place, by name of their plan."""
    await platform.require(caller, Place(project, domain), Action.VIEW)
    query = _page(limit, offset, project=project, domain=domain)
    return await platform.store.triggers.page(msgspec.structs.replace(query, sort_by="name", descending=False))


async def list_everywhere(
    platform: Platform, caller: Caller, *, watched: str = "", limit: int = 100, offset: int = 0
) -> list[TriggerRecord]:
    """The triggers of all places that the caller may view, by name of their plan; with `watched`, only those that wait
    for this thing."""
    page = _page(limit, offset, watched=watched) if watched else _page(limit, offset)
    query = msgspec.structs.replace(page, places=await platform.viewable(caller))
    return await platform.store.triggers.page(msgspec.structs.replace(query, sort_by="name", descending=False))


async def watches_of(platform: Platform, triggers: Sequence[TriggerRecord]) -> dict[EntityId, WatchRecord]:
    """The watches of the triggers among these that wait for objects."""
    places = {each.plan.place for each in triggers if each.kind == "object"}
    found = [watch for place in places for watch in await platform.store.watches.within(place)]
    by_name = {(each.project, each.domain, each.name): each for each in found}
    return {each.plan: by_name[each.plan[:3]] for each in triggers if each.plan[:3] in by_name}


async def phases_of(platform: Platform, triggers: Sequence[TriggerRecord]) -> dict[EntityId, tuple[EndPhase, ...]]:
    """The phases that the triggers among these that wait for runs wait for."""
    found: dict[EntityId, tuple[EndPhase, ...]] = {}
    plans = [each.plan for each in triggers if each.kind == "run"]
    for place in {plan.place for plan in plans}:
        names = tuple(plan.name for plan in plans if plan.place == place)
        chosen = (Filter("name", "value_in", names), Filter("state", "eq", ("ACTIVE",)))
        page = _page(PAGE_MAX, 0, project=place.project, domain=place.domain)
        query = msgspec.structs.replace(page, filters=(*page.filters, *chosen))
        for record in await platform.store.entities.page("launch_plan", query):
            trigger = trigger_of(launch_plan_pb2.LaunchPlanSpec.FromString(record.spec))
            if isinstance(trigger, RunTrigger):
                found[record.id] = trigger.phases
    return found


async def get_trigger(platform: Platform, caller: Caller, project: str, domain: str, name: str) -> TriggerRecord:
    """The trigger of a launch plan. Raises `NotFound` if no version is active, or the active one has none."""
    await platform.require(caller, Place(project, domain), Action.VIEW)
    record = await platform.store.triggers.of(project, domain, name)
    if record is None:
        raise NotFound(
            "NoTrigger",
            f"no version of launch plan `{name}` in {project}/{domain} is active with a trigger",
            fix=f"`alula schedule activate {name}` activates the newest",
        )
    return record


async def list_firings(
    platform: Platform, caller: Caller, project: str, domain: str, name: str, *, limit: int = 100, offset: int = 0
) -> list[FiringRecord]:
    """What became of the causes of a launch plan's trigger, also of earlier versions: the newest first."""
    await platform.require(caller, Place(project, domain), Action.VIEW)
    return await platform.store.triggers.firings(_page(limit, offset, project=project, domain=domain, name=name))


async def list_started(
    platform: Platform, caller: Caller, id: ExecutionId, *, limit: int = 100, offset: int = 0
) -> list[FiringRecord]:
    """The firings that the end of a run has caused, of launch plans that the caller may view. Raises `NotFound`."""
    await require_execution(platform, caller, id, Action.VIEW, with_values=False)
    query = msgspec.structs.replace(_page(limit, offset), places=await platform.viewable(caller))
    return await platform.store.triggers.caused_by(id, query)


def _page(limit: int, offset: int, **equal: str) -> Query:
    """A page of the rows whose fields are these."""
    if not 1 <= limit <= PAGE_MAX:
        raise InvalidInput("BadPage", f"a page has 1 to {PAGE_MAX} rows, not {limit}")
    filters = tuple(Filter(field, "eq", (value,)) for field, value in equal.items())
    return Query(limit=limit, offset=offset, filters=filters)
