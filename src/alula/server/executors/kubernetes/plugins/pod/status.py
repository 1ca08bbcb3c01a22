"""What a pod tells of itself, as far as it is read."""

from __future__ import annotations

from datetime import datetime

import msgspec

from alula.server.executors.kubernetes.naming import COPILOT
from alula.server.executors.kubernetes.objects import Object
from alula.server.executors.kubernetes.plugins.pod.build import PRIMARY_CONTAINER

OUT_OF_MEMORY = "OOMKilled"
NOT_STARTED = frozenset(("StartError", "ContainerCannotRun"))
"""The runtime could not start the command of a container."""


class Waiting(msgspec.Struct, frozen=True):
    reason: str = ""
    message: str = ""


class Running(msgspec.Struct, frozen=True, rename="camel"):
    started_at: datetime | None = None


class Terminated(msgspec.Struct, frozen=True, rename="camel"):
    exit_code: int = 0
    signal: int = 0
    reason: str = ""
    message: str = ""
    started_at: datetime | None = None
    finished_at: datetime | None = None


class ContainerState(msgspec.Struct, frozen=True):
    waiting: Waiting | None = None
    running: Running | None = None
    terminated: Terminated | None = None


class ContainerStatus(msgspec.Struct, frozen=True):
    name: str = ""
    state: ContainerState = ContainerState()


class Condition(msgspec.Struct, frozen=True, rename="camel"):
    type: str = ""
    status: str = ""
    reason: str = ""
    message: str = ""
    last_transition_time: datetime | None = None


class PodStatus(msgspec.Struct, frozen=True, rename="camel"):
    phase: str = ""
    reason: str = ""
    message: str = ""
    start_time: datetime | None = None
    conditions: tuple[Condition, ...] = ()
    container_statuses: tuple[ContainerStatus, ...] = ()
    init_container_statuses: tuple[ContainerStatus, ...] = ()

    def condition(self, type: str) -> Condition | None:
        return next((each for each in self.conditions if each.type == type), None)

    def container(self, name: str) -> ContainerStatus | None:
        return next((each for each in self.containers if each.name == name), None)

    @property
    def containers(self) -> tuple[ContainerStatus, ...]:
        return self.init_container_statuses + self.container_statuses


class Container(msgspec.Struct, frozen=True, rename="camel"):
    name: str = ""
    restart_policy: str = ""
    """Of an init container, `Always` for one that runs beside the others."""


class PodSpec(msgspec.Struct, frozen=True, rename="camel"):
    node_name: str = ""
    containers: tuple[Container, ...] = ()
    init_containers: tuple[Container, ...] = ()


_status = msgspec.json.Decoder(PodStatus)
_spec = msgspec.json.Decoder(PodSpec)


class Pod(msgspec.Struct, frozen=True):
    """A pod, read."""

    object: Object
    spec: PodSpec
    status: PodStatus

    @property
    def primary(self) -> str:
        """The name of the container whose end is that of the attempt."""
        return self.object.metadata.annotations.get(PRIMARY_CONTAINER, "")

    @property
    def copilot(self) -> str:
        """The name of the container that takes the primary one's outputs away, if it can't do so itself."""
        return self.object.metadata.annotations.get(COPILOT, "")

    def terminated(self, name: str) -> Terminated | None:
        """The end of a container; None if it has not come to it."""
        found = self.status.container(name)
        return found.state.terminated if found is not None else None


def pod_of(found: Object) -> Pod:
    return Pod(found, _spec.decode(found.spec), _status.decode(found.status))
