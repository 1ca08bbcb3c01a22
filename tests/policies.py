"""Policies and logins for tests."""

from __future__ import annotations

from collections.abc import Mapping

from alula.core.errors import Unauthenticated
from alula.core.ids import Place
from alula.server.access import Action, Places, covers
from alula.server.identity import Caller

Rights = Mapping[tuple[str, str], frozenset[Action]]
"""What a principal may do in a project, in all of its domains."""


class NobodyMay:
    """A policy that forbids everything."""

    async def may(self, caller: Caller, action: Action, place: Place) -> bool:
        return False

    async def viewable(self, caller: Caller) -> Places:
        return frozenset()


class ByProject:
    """A policy by principal and project. What belongs to no project is for nobody."""

    def __init__(self, rights: Rights) -> None:
        self.rights = dict(rights)

    async def may(self, caller: Caller, action: Action, place: Place) -> bool:
        return action in self.rights.get((caller.principal, place.project), ())

    async def viewable(self, caller: Caller) -> Places:
        return frozenset(
            Place(project)
            for (principal, project), actions in self.rights.items()
            if principal == caller.principal and Action.VIEW in actions
        )


class ByDomain:
    """A policy of viewing alone: of these places."""

    def __init__(self, *places: Place) -> None:
        self.places = frozenset(places)

    async def may(self, caller: Caller, action: Action, place: Place) -> bool:
        return action is Action.VIEW and covers(self.places, place)

    async def viewable(self, caller: Caller) -> Places:
        return self.places


class ByHeader:
    """A login that believes what a header says."""

    async def caller(self, headers: Mapping[str, str], peer: str) -> Caller:
        if "principal" not in headers:
            raise Unauthenticated("LoginMissing", "the request does not say who asks", fix="send `principal`")
        return Caller(headers["principal"])
