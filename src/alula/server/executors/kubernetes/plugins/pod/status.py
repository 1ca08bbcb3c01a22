"""What a pod tells of itself, as far as it is read."""

from __future__ import annotations

from datetime import datetime

import msgspec

from alula.server.executors.kubernetes.objects import Object
from alula.server.executors.kubernetes.plugins.pod.build import PRIMARY_CONTAINER


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
        return next((each for each in self.container_statuses if each.name == name), None)

    @property
    def containers(self) -> tuple[ContainerStatus, ...]:
        return self.init_container_statuses + self.container_statuses


class Container(msgspec.Struct, frozen=True):
    name: str = ""


class PodSpec(msgspec.Struct, frozen=True, rename="camel"):
    node_name: str = ""
    containers: tuple[Container, ...] = ()


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


def pod_of(found: Object) -> Pod:
    return Pod(found, _spec.decode(found.spec), _status.decode(found.status))
