"""The requests that the executor makes of a container runtime, made again while it is away."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable
from typing import TypeVar

import msgspec

from alula.core.errors import TaskError
from alula.server.executors.back_off import back_off_s
from alula.server.executors.container import naming
from alula.server.executors.container.build import Document
from alula.server.executors.container.engine import Away, Engine, Refused, steadily
from alula.server.executors.container.refusals import failure_of_start
from alula.server.executors.container.status import Container, Listed
from alula.server.executors.failures import NotStarted

RETRY_MAX_S = 5.0
_T = TypeVar("_T")


class _Made(msgspec.Struct, frozen=True, rename="pascal"):
    id: str


class About(msgspec.Struct, frozen=True, rename="pascal"):
    """The runtime's machine and its rights."""

    cgroup_version: str = ""
    security_options: tuple[str, ...] | None = None
    architecture: str = ""

    @property
    def is_rootless(self) -> bool:
        return any("rootless" in each for each in self.security_options or ())

    @property
    def hides_memory(self) -> bool:
        """True if the runtime may not know that memory was the reason of an end: Podman with the old cgroups."""
        return self.cgroup_version == "1"


class Runtime:
    """A container runtime, as the executor of attempts uses it."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._about: About | None = None

    async def patiently(
        self, call: Callable[[], Awaitable[_T]], *, troubled: Callable[[str], None] | None = None
    ) -> _T:
        """The answer to a call that may be made again. `troubled` is told why it is not answered yet."""
        failures = 0
        while True:
            try:
                return await call()
            except Away as away:
                failures += 1
                if troubled is not None:
                    troubled(f"the container runtime does not answer now: {away}")
                await asyncio.sleep(back_off_s(failures, RETRY_MAX_S))

    async def about(self) -> About:
        if self._about is None:
            self._about = await steadily(lambda: self.engine.ask("GET", "/info", About))
        return self._about

    async def list(self, label: str) -> list[Listed]:
        """All containers that have a label, or a label of this value."""
        query = {"all": "1", "filters": msgspec.json.encode({"label": [label]}).decode()}
        try:
            return await steadily(lambda: self.engine.ask("GET", "/containers/json", list[Listed], query=query))
        except Refused as refused:
            if refused.status < 500:
                raise
            raise Away(f"it can't list its containers: {refused}") from refused

    async def find(self, key: str, identity: str) -> Container | None:
        """The container of an attempt."""
        for each in await self.list(f"{naming.KEY}={key}"):
            found = await self.inspect(each.id)
            if found is not None and found.is_of == identity:
                return found
        return None

    async def inspect(self, container: str) -> Container | None:
        """A container by name or id; None if it is not there."""
        try:
            return await steadily(lambda: self.engine.ask("GET", f"/containers/{container}/json", Container))
        except Refused as refused:
            if refused.status == 404:
                return None
            raise

    async def create(self, name: str, document: Document, *, identity: str) -> str:
        """Make a container of an attempt. Gives its id. Raises `NotStarted`."""
        try:
            made = await self.engine.ask("POST", "/containers/create", _Made, query={"name": name}, body=document)
        except Refused as refused:
            found = await self.inspect(name)
            if found is not None and found.is_of == identity:  # made before, by a request whose answer was lost
                return found.id
            if found is not None:
                message = f"there is a container {name} that is not this attempt's"
                raise NotStarted(TaskError("NameTaken", message, "SYSTEM", recoverable=True)) from refused
            raise NotStarted(failure_of_start(document["Image"], refused)) from refused
        return made.id

    async def start(self, container: Container) -> None:
        """Start it, unless it runs or has ended. Raises `NotStarted`."""
        try:
            await self.engine.call("POST", f"/containers/{container.id}/start")
        except Refused as refused:
            found = await self.inspect(container.id)
            if found is None or found.is_new:
                raise NotStarted(failure_of_start(container.config.image, refused)) from refused

    async def rename(self, container: str, name: str) -> None:
        path = f"/containers/{container}/rename"
        await steadily(lambda: self.engine.call("POST", path, query={"name": name}))

    async def wait(self, container: str) -> None:
        """Wait until it has ended, or is gone."""
        await self._if_there("POST", f"/containers/{container}/wait", timeout_s=None)

    async def remove(self, container: Container, *, grace_s: float) -> None:
        """Remove a container, which has some time to end by itself if it runs. One that is gone is fine."""
        path = f"/containers/{container.id}"
        if container.is_running:
            seconds = math.ceil(grace_s)
            await self._if_there("POST", f"{path}/stop", {"t": str(seconds)}, timeout_s=seconds + 60.0)
        await self._if_there("DELETE", path, {"force": "1", "v": "1"})

    async def kill(self, container: str) -> None:
        """End it at once; one that has ended is fine."""
        try:
            await self._if_there("POST", f"/containers/{container}/kill")
        except Refused as refused:
            if refused.status not in (409, 500):  # Docker's and Podman's word for one that does not run
                raise

    async def _if_there(
        self, method: str, path: str, query: dict[str, str] | None = None, *, timeout_s: float | None = 120.0
    ) -> None:
        try:
            await steadily(lambda: self.engine.call(method, path, query=query, timeout_s=timeout_s))
        except Refused as refused:
            if refused.status != 404:
                raise
