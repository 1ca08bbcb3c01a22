"""What a trigger may wait for: uploads of its project, and objects elsewhere that the settings name.

The platform looks at objects with credentials of its own, which may read what the one who registers a launch plan may
not. So only what is named here is looked at, and nothing that the platform keeps for itself: inputs, results and data
of runs.
"""

from __future__ import annotations

from typing import NamedTuple

from alula.core.errors import FailedPrecondition, PermissionDenied
from alula.core.ids import EntityId, Place
from alula.core.policy.watching import ObjectTrigger
from alula.server.access import Action
from alula.server.blob import Blobs
from alula.server.identity import Caller
from alula.server.services import layout
from alula.server.services.platform import Platform


class Folder(NamedTuple):
    """A folder of objects."""

    blobs: Blobs
    uri: str


async def require_watchable(platform: Platform, caller: Caller, plan: EntityId, trigger: ObjectTrigger) -> Folder:
    """The folder whose objects a trigger waits for. Raises `PermissionDenied` unless `caller` may view them and the
    platform may look at them for this project, and `FailedPrecondition` for objects that nobody may wait for."""
    own = platform.blobs
    if trigger.is_upload:
        await platform.require(caller, plan.place, Action.VIEW)
        return Folder(own, own.uri(layout.UPLOADS, plan.project, plan.domain, trigger.folder))
    uri, root = trigger.folder, own.uri()
    if _is_in(uri, root) or _is_in(root, uri):
        kind, *inside = uri.removeprefix(root).strip("/").split("/")
        if not _is_in(uri, root) or kind != layout.UPLOADS or len(inside) < 2:
            raise FailedPrecondition(
                "NotWatchable",
                f"`{trigger.prefix}` holds what the platform keeps for itself, which no trigger may wait for",
                fix=f"wait for a folder below {own.uri(layout.UPLOADS)}/PROJECT/DOMAIN, or for another bucket",
            )
        await platform.require(caller, Place(*inside[:2]), Action.VIEW)
        return Folder(own, uri)
    for watched in platform.watched:
        if _is_in(uri, watched.blobs.uri()) and (not watched.projects or plan.project in watched.projects):
            await platform.require(caller, plan.place, Action.VIEW)
            return Folder(watched.blobs, uri)
    raise PermissionDenied(
        "NotWatchable",
        f"the settings of the platform do not let launch plans of `{plan.project}` wait for `{trigger.prefix}`",
        fix="have its bucket named in `objects.watched`",
    )


def _is_in(uri: str, folder: str) -> bool:
    return f"{uri}/".startswith(f"{folder}/")
