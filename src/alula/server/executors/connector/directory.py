"""Which endpoint has a connector for which type of task: as the settings say, and as the endpoints themselves list.

Each endpoint is asked again and again, and what it said last stands while it is away. Tasks that may be meant for an
endpoint that has not answered since the start wait for it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from fnmatch import fnmatchcase
from typing import NamedTuple

from flyteidl.admin import agent_pb2
from flyteidl.core import tasks_pb2

from alula.core.errors import TaskError
from alula.server.executors.calls import CallFailed
from alula.server.executors.connector.channel import Refused
from alula.server.executors.connector.options import ConnectorOptions, Endpoint
from alula.server.executors.failures import NotStarted

ANY_VERSION = None
RETRY_S = 1.0
"""The time after which an endpoint that did not answer is asked again, beside the back-off of all its calls."""
List = Callable[[str], Awaitable[Sequence[agent_pb2.Agent]]]
_Listing = dict[tuple[str, int | None], bool]
"""By type and version: True if the connector does the work in the call."""
_log = logging.getLogger(__name__)


class Place(NamedTuple):
    """Where tasks of a type go."""

    endpoint: str
    is_sync: bool


class Directory:
    """`ask` lists the connectors of an endpoint."""

    def __init__(self, options: ConnectorOptions, ask: List) -> None:
        self._options = options
        self._ask = ask
        self._listed: dict[str, _Listing] = {}
        self._trouble: dict[str, str] = {}
        """The reason why an endpoint did not answer the last time."""
        self._changed = asyncio.Event()

    async def refresh(self, endpoint: Endpoint) -> None:
        """Ask one endpoint again and again."""
        while True:
            wait_s = self._options.refresh_s
            try:
                self._note(endpoint.name, _listing(await self._ask(endpoint.name)))
            except Refused as refused:
                known = self._listed.get(endpoint.name, {})
                self._note(endpoint.name, known, f"it lists no connectors: {refused}")
            except CallFailed as error:
                wait_s = RETRY_S
                self._note(endpoint.name, self._listed.get(endpoint.name), str(error))
            await asyncio.sleep(wait_s)

    async def answered(self) -> None:
        """Wait until each endpoint has answered, well or not."""
        while len(self._listed.keys() | self._trouble.keys()) < len(self._options.endpoints):
            await self._changed.wait()

    def wants(self, task: tasks_pb2.TaskTemplate) -> str:
        """The reason why a task belongs to a connector; empty if none is known to be for it. A task that is no
        container, pod or query is for nothing else, so it belongs to an endpoint that has not answered yet."""
        place = self._known(task)
        if place is not None:
            return "as it has a connector for the type"
        return "as only a connector can be for its type" if not task.WhichOneof("target") and self._silent() else ""

    async def place_of(self, task: tasks_pb2.TaskTemplate, told: Callable[[str], None]) -> Place:
        """The place of a task; `told` is given the reason why it waits. Raises `NotStarted` if there is none."""
        while (place := self._known(task)) is None or place.endpoint in self._silent():
            silent = self._silent()
            if not silent:
                return self._default(task)
            told("; ".join(f"endpoint `{name}` has not answered yet: {self._why(name)}" for name in silent))
            await self._changed.wait()
        return place

    def _known(self, task: tasks_pb2.TaskTemplate) -> Place | None:
        versions = (task.task_type_version, ANY_VERSION)
        of = {name: _first(listing, task.type, versions) for name, listing in self._listed.items()}
        for each in self._options.endpoints:
            if any(fnmatchcase(task.type, pattern) for pattern in each.task_types):
                return Place(each.name, of.get(each.name) or False)
        listing = (each.name for each in self._options.endpoints if of.get(each.name) is not None)
        name = next(listing, "")
        return Place(name, of[name] or False) if name else None

    def _default(self, task: tasks_pb2.TaskTemplate) -> Place:
        if self._options.default_endpoint:
            return Place(self._options.default_endpoint, is_sync=False)
        types = sorted({type for listing in self._listed.values() for type, _ in listing})
        raise NotStarted(
            TaskError(
                "NoConnector",
                f"no endpoint has a connector for version {task.task_type_version} of type `{task.type}`; there are "
                f"connectors for {', '.join(types) or 'no type'}",
                "SYSTEM",
            )
        )

    def _silent(self) -> list[str]:
        """The endpoints that have not answered since the start."""
        return [each.name for each in self._options.endpoints if each.name not in self._listed]

    def _why(self, endpoint: str) -> str:
        return self._trouble.get(endpoint, "it is being asked")

    def _note(self, name: str, listing: _Listing | None, trouble: str = "") -> None:
        if trouble != self._trouble.get(name, ""):
            _log.warning("connectors of endpoint %s: %s", name, trouble or "it answers again")
        if trouble:
            self._trouble[name] = trouble
        else:
            self._trouble.pop(name, None)
        if listing is not None:
            self._listed[name] = listing
        self._changed.set()
        self._changed = asyncio.Event()


def _first(listing: _Listing, type: str, versions: Sequence[int | None]) -> bool | None:
    return next((listing[type, version] for version in versions if (type, version) in listing), None)


def _listing(agents: Sequence[agent_pb2.Agent]) -> _Listing:
    """The types of some connectors. Older ones give them without a version."""
    found: _Listing = {}
    for agent in agents:
        for category in agent.supported_task_categories:
            found[category.name, category.version] = agent.is_sync
        if not agent.supported_task_categories:
            found |= {(type, ANY_VERSION): agent.is_sync for type in agent.supported_task_types}
    return found
