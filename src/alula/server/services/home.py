"""The tie between a database and its objects.

Rows and logs refer to objects, so all platforms on a database must find the same ones. The first platform records where
they are, by an id that is among them and by their place.
"""

from __future__ import annotations

from alula.core.errors import FailedPrecondition, NotFound
from alula.server.services import layout
from alula.server.services.platform import Platform

OBJECTS = "objects"
"""The constant of the store that says where they are."""


async def require_objects(platform: Platform) -> None:
    """Raises `FailedPrecondition` code `ForeignObjects` where those of this platform are not the database's."""
    uri = layout.identity_uri(platform.blobs)
    try:
        id = (await platform.blobs.get(uri)).decode(errors="replace")
    except NotFound:
        id = platform.random_bytes(16).hex()
        await platform.blobs.put(uri, id.encode())
    place = platform.blobs.uri()
    kept = await platform.store.constants.keep(OBJECTS, f"{id} {place}")
    if kept == f"{id} {place}":
        return
    raise FailedPrecondition(
        "ForeignObjects",
        f"the database belongs to a platform whose objects are in {kept.partition(' ')[2]}, with the id "
        f"{kept.partition(' ')[0]}; those of this one are in {place}, with the id {id}",
        fix="use the data folder of that platform, or a database of its own for this one",
    )
