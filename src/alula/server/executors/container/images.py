"""The images of attempts: there, or pulled, once for all attempts that wait for the same one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import aclosing

import msgspec

from alula.core.size_text import text_of_bytes
from alula.server.executors.container.engine import Engine, Refused, steadily
from alula.server.executors.container.options import PullPolicy
from alula.server.executors.container.refusals import failure_of_pull, never_pulled
from alula.server.executors.failures import NotStarted

TELL_S = 2.0
"""The interval at which the progress of a pull is told."""
_DONE = ("Pull complete", "Already exists", "Download complete")


class Image(msgspec.Struct, frozen=True, rename="pascal"):
    """An image that is there."""

    id: str
    architecture: str = ""
    os: str = ""


class _Detail(msgspec.Struct, frozen=True):
    current: int = 0
    total: int = 0


class Line(msgspec.Struct, frozen=True, rename="camel"):
    """One line of a pull's progress."""

    id: str = ""
    status: str = ""
    error: str = ""
    progress_detail: _Detail | None = None


class Pull:
    """How far a pull is, by what was told of its layers. Pure."""

    def __init__(self, image: str) -> None:
        self._image = image
        self._layers: dict[str, str] = {}
        self._bytes: dict[str, _Detail] = {}

    def add(self, line: Line) -> None:
        if line.id:
            self._layers[line.id] = line.status
        if line.progress_detail is not None and line.progress_detail.total and line.status == "Downloading":
            self._bytes[line.id] = line.progress_detail

    def __str__(self) -> str:
        done = sum(status in _DONE for status in self._layers.values())
        layers = f": {done} of {len(self._layers)} layers" if self._layers else ""
        current, total = (sum(getattr(each, name) for each in self._bytes.values()) for name in ("current", "total"))
        amount = f", {text_of_bytes(current)} of {text_of_bytes(total)}" if total else ""
        return f"pulls image {self._image}{layers}{amount}"


class Images:
    """The images of one runtime."""

    def __init__(self, engine: Engine, policy: PullPolicy) -> None:
        self._engine = engine
        self._policy = policy
        self._pulls: dict[str, tuple[asyncio.Task[None], Pull]] = {}

    async def stop(self) -> None:
        """Give up what is pulled here; the runtime keeps the layers that it has."""
        tasks = [task for task, _ in self._pulls.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def provide(self, image: str, tell: Callable[[str], None]) -> None:
        """Have an image there. Raises `NotStarted` if it does not come, `Away`, `Refused`."""
        if self._policy != "Always" and await self.find(image) is not None:
            return
        if self._policy == "Never":
            raise NotStarted(never_pulled(image))
        if image not in self._pulls:
            pull = Pull(image)
            task = asyncio.create_task(self._pull(image, pull), name=f"pull {image}")
            self._pulls[image] = task, pull
            task.add_done_callback(lambda done: self._pulled(image, done))
        task, pull = self._pulls[image]
        while not task.done():
            tell(str(pull))
            await asyncio.wait((task,), timeout=TELL_S)
        task.result()

    def _pulled(self, image: str, done: asyncio.Task[None]) -> None:
        del self._pulls[image]
        if not done.cancelled():
            done.exception()  # those that wait for it are told; maybe nobody does any more

    async def find(self, image: str) -> Image | None:
        """An image by name or id; None if it is not on this machine."""
        try:
            return await steadily(lambda: self._engine.ask("GET", f"/images/{image}/json", Image))
        except Refused as refused:
            if refused.status == 404:
                return None
            raise

    async def _pull(self, image: str, pull: Pull) -> None:
        name, tag = reference(image)
        lines = self._engine.stream("POST", "/images/create", query={"fromImage": name, "tag": tag})
        failed = ""
        try:
            async with aclosing(lines):
                buffer = b""
                async for piece in lines:
                    *whole, buffer = (buffer + piece).split(b"\n")
                    for each in filter(bytes.strip, whole):
                        line = msgspec.json.decode(each, type=Line)
                        failed = line.error or failed
                        pull.add(line)
                if buffer.strip():
                    failed = msgspec.json.decode(buffer, type=Line).error or failed
        except Refused as refused:
            failed = refused.message
        except msgspec.DecodeError as error:
            failed = f"the runtime's answer can't be read: {error}"
        if failed:
            raise NotStarted(failure_of_pull(image, failed))


def reference(image: str) -> tuple[str, str]:
    """The name of an image and its tag or digest, `latest` if it has none: without one a runtime pulls all tags.

    >>> reference("localhost:5000/a/b"), reference("a@sha256:0f"), reference("a:1")
    (('localhost:5000/a/b', 'latest'), ('a', 'sha256:0f'), ('a', '1'))
    """
    name, _, digest = image.partition("@")
    folder, slash, last = name.rpartition("/")
    last, _, tag = last.partition(":")
    return f"{folder}{slash}{last}", digest or tag or "latest"
