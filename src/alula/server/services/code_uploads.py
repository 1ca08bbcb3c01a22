"""Code that clients have uploaded: asked for, old, and named by nothing."""

from __future__ import annotations

from typing import NamedTuple

from alula.core.errors import Unavailable
from alula.core.ids import Place
from alula.core.policy.retention import Limit, is_code, limits, youngest
from alula.core.policy.watching import Seen
from alula.server.blob import LIST_MAX
from alula.server.services import layout
from alula.server.services.marking import UPLOADED, still_named
from alula.server.services.platform import Platform


class OldCode(NamedTuple):
    """Code that goes by a rule unless something names it."""

    uri: str
    size: int
    folder: str
    """Project, domain and folder, as `UPLOADED` finds them."""
    limit: Limit


async def ask_for(platform: Platform, uri: str) -> None:
    """Note that code is about to be uploaded and registered, so that it is not removed in between. Raises
    `Unavailable` while it is being removed."""
    if not is_code(uri.rpartition("/")[2]):
        return
    if not await platform.store.uploads.ask(uri, platform.clock()):
        raise Unavailable("UploadGoes", f"`{uri}` is being removed by a rule of retention", fix="try again in a moment")


async def unnamed_code(platform: Platform) -> list[OldCode]:
    """Code that goes by the rules of retention. For the platform, which asks for no right."""
    found = await _old_code(platform)
    named = await still_named(platform.store, platform.blobs, {each.folder for each in found}, UPLOADED)
    return [each for each in found if each.folder not in named]


async def _old_code(platform: Platform) -> list[OldCode]:
    now = platform.clock()
    before = youngest(platform.retention_rules, "code", now=now)
    found = list[OldCode]()
    if before is None:
        return found
    root, after = platform.blobs.uri(layout.UPLOADS), ""
    while page := await platform.blobs.look(root, after=after, limit=LIST_MAX):
        found += [old for each in page if each.changed_at <= before and (old := _old(platform, each, root, now))]
        after = page[-1].uri
    return found


def _old(platform: Platform, seen: Seen, root: str, now: int) -> OldCode | None:
    project, domain, folder, *name = [*seen.uri.removeprefix(f"{root}/").split("/"), "", "", ""][:4]
    if not name[0] or not is_code(seen.uri.rpartition("/")[2]):
        return None
    for limit in limits(platform.retention_rules, "code", [Place(project, domain)], now=now):
        if seen.changed_at <= limit.before:
            return OldCode(seen.uri, seen.size, f"{project}/{domain}/{folder}", limit)
    return None
