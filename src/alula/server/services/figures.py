"""The figures of the platform, for callers that may view all of it."""

from __future__ import annotations

from alula.core.ids import Place
from alula.server.access import Action
from alula.server.identity import Caller
from alula.server.measures import Reading
from alula.server.services.platform import Platform


async def read_figures(platform: Platform, caller: Caller) -> list[Reading]:
    """All that is measured, as it is now. They concern every project, so they are for those that may view each."""
    await platform.require(caller, Place(), Action.VIEW)
    return platform.measures.read()
