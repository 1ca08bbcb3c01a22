"""The contract for rights: which caller may do what, and where. Adapters decide; use cases ask.

Rights are asked of the place that a request names, before anything is read. So a refusal is the same whether the thing
is there or not, and tells nothing about places that the caller may not view.
"""

from __future__ import annotations

from enum import Enum
from typing import Protocol, TypeAlias

from alula.core.errors import PermissionDenied
from alula.core.ids import Place
from alula.server.identity import Caller

Places: TypeAlias = frozenset[Place] | None
"""Places, None for all. One without a domain stands for all domains of its project."""


class Action(Enum):
    """A right of a caller in a place. The value is the word in messages."""

    VIEW = "view"
    """Read registered entities and runs, with data, logs, settings and cached results."""
    REGISTER = "register"
    """Register tasks, workflows and launch plans, describe and activate them, and upload code."""
    LAUNCH = "launch"
    """Launch, relaunch, recover and fork runs, and upload their inputs."""
    STEER = "steer"
    """Abort and archive runs, and answer their gates."""
    CACHE = "cache"
    """Keep and evict cached results, datasets and artifacts, and reserve them."""
    MANAGE = "manage"
    """Change the project and its settings; for the whole platform: create projects."""


class Access(Protocol):
    """A policy. It is asked for each request, so its answers should cost little."""

    async def may(self, caller: Caller, action: Action, place: Place) -> bool:
        """True if `caller` may do this there.

        To view a project without a domain is for callers that may view any of its domains; any other action on such a
        place concerns all of them.
        """
        ...

    async def viewable(self, caller: Caller) -> Places:
        """The places that `may` allows `caller` to view, for lists over several places."""
        ...


class EverybodyMay:
    """The policy of a platform without a login: everybody may do everything."""

    async def may(self, caller: Caller, action: Action, place: Place) -> bool:
        return True

    async def viewable(self, caller: Caller) -> Places:
        return None


def covers(places: Places, place: Place) -> bool:
    """True if `place` is one of `places`. A project as a whole is, if any of its domains is."""
    return places is None or any(
        place.project == each.project and (not each.domain or place.domain in ("", each.domain)) for each in places
    )


async def require(access: Access, caller: Caller, place: Place, *actions: Action) -> None:
    """Raises `PermissionDenied` code `NotAllowed` unless `caller` may do one of `actions` there."""
    for action in actions:
        if await access.may(caller, action, place):
            return
    wanted = " or ".join(action.value for action in actions)
    raise _refusal(caller, f"{wanted} in `{place}`" if place.project else f"{wanted} on the platform as a whole")


async def require_viewable(access: Access, caller: Caller) -> Places:
    """The places that `caller` may view. Raises `PermissionDenied` code `NotAllowed` if there are none."""
    places = await access.viewable(caller)
    if places is not None and not places:
        raise _refusal(caller, "view anything here")
    return places


def _refusal(caller: Caller, what: str) -> PermissionDenied:
    return PermissionDenied(
        "NotAllowed",
        f"`{caller.principal}` may not {what}",
        fix="ask for that right, or act as another principal",
    )
