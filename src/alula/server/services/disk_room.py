"""The disk of the data folder: what takes how much, and whether there is room."""

from __future__ import annotations

import asyncio

from alula.core.errors import FailedPrecondition
from alula.core.ids import Place
from alula.server.access import Action
from alula.server.disk import DiskUse
from alula.server.identity import Caller
from alula.server.services.platform import Platform


async def read_disk(platform: Platform, caller: Caller) -> tuple[DiskUse, str]:
    """The use of the disk, by a look at each file, and what is wrong with it; empty if nothing is. Raises
    `FailedPrecondition` if the data folder is gone."""
    await platform.require(caller, Place(), Action.VIEW, Action.MANAGE)
    try:
        return await asyncio.to_thread(platform.disk_use), platform.disk_trouble()
    except OSError as error:
        raise FailedPrecondition("DataFolderGone", f"the data folder can't be read: {error}") from error
