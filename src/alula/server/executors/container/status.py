"""A container as the runtime tells of it, and how far its attempt is. Pure."""

from __future__ import annotations

from datetime import datetime

import msgspec

from alula.core.engine.attempt_info import AttemptInfo
from alula.core.errors import TaskError
from alula.core.policy.outcome import OutcomeCode
from alula.server.executors.container.naming import ATTEMPT, KEY, NOBODY, Holder, holder_in
from alula.server.executors.identity import Identity, identity_in
from alula.server.executors.progress import Ended, Progress, Runs, Waits

SIGKILL_STATUS = 128 + 9
_NEW = ("created", "configured", "initialized")
_RUNNING = ("running", "paused", "restarting", "stopping")


class State(msgspec.Struct, frozen=True, rename="pascal"):
    """The state of a container."""

    status: str = ""
    pid: int = 0
    """The first process, as this machine numbers it; 0 if none runs."""
    exit_code: int = 0
    oom_killed: bool = msgspec.field(name="OOMKilled", default=False)
    error: str = ""
    started_at: datetime | None = None
    finished_at: datetime | None = None


class Config(msgspec.Struct, frozen=True, rename="pascal"):
    image: str = ""
    labels: dict[str, str] | None = None


class DeviceRequest(msgspec.Struct, frozen=True, rename="pascal"):
    device_ids: tuple[str, ...] | None = msgspec.field(name="DeviceIDs", default=None)


class HostConfig(msgspec.Struct, frozen=True, rename="pascal"):
    memory: int = 0
    device_requests: tuple[DeviceRequest, ...] | None = None


class MountPoint(msgspec.Struct, frozen=True, rename="pascal"):
    source: str = ""
    destination: str = ""


class Container(msgspec.Struct, frozen=True, rename="pascal"):
    """A container in full."""

    id: str
    name: str = ""
    image: str = ""
    """The id of its image."""
    state: State = State()
    config: Config = Config()
    host_config: HostConfig = HostConfig()
    mounts: tuple[MountPoint, ...] = ()

    @property
    def is_of(self) -> str:
        """The identity of its attempt as text; empty for a stranger's."""
        return (self.config.labels or {}).get(ATTEMPT, "")

    @property
    def holder(self) -> Holder:
        return holder_in(self.name)

    @property
    def is_new(self) -> bool:
        """True if it was never started."""
        return self.state.status in _NEW

    @property
    def is_running(self) -> bool:
        return self.state.status in _RUNNING

    @property
    def gpus(self) -> tuple[str, ...]:
        return tuple(gpu for each in self.host_config.device_requests or () for gpu in each.device_ids or ())

    def source_of(self, path: str) -> str:
        """The folder of this machine that is mounted at a path; empty if none is."""
        return next((each.source for each in self.mounts if each.destination == path), "")


class Listed(msgspec.Struct, frozen=True, rename="pascal"):
    """A container in a list."""

    id: str
    names: tuple[str, ...] | None = None
    labels: dict[str, str] | None = None
    state: str = ""

    @property
    def holder(self) -> Holder:
        return holder_in(self.names[0]) if self.names else NOBODY

    @property
    def key(self) -> str:
        return (self.labels or {}).get(KEY, "")

    @property
    def attempt(self) -> str:
        """The identity of its attempt as text."""
        return (self.labels or {}).get(ATTEMPT, "")

    @property
    def identity(self) -> Identity | None:
        return identity_in(self.attempt)


def progress_of(found: Container, now: int, *, software: str, hides_memory: bool) -> Progress:
    """How far a container is. `hides_memory` says that the runtime can't tell whether memory was the reason of an end:
    then a SIGKILL of a container with a limit counts as that."""
    state = found.state
    if found.is_new:
        return Waits("INITIALIZING", now)
    runs = Runs(_microseconds(state.started_at) or now, _where(found, software), _info(found))
    if found.is_running:
        return runs
    killed = state.exit_code == SIGKILL_STATUS
    suspected = hides_memory and killed and found.host_config.memory > 0
    return Ended(
        max(_microseconds(state.finished_at) or now, runs.at),
        runs=runs,
        exit_code=state.exit_code,
        out_of_memory=state.oom_killed or suspected,
    )


def gone(runs: Runs | None, now: int) -> Ended:
    """The end of an attempt whose container is not there any more."""
    error = TaskError(
        OutcomeCode.DELETED,
        "the container was removed by somebody else before it had ended",
        "SYSTEM",
        recoverable=True,
    )
    return Ended(now, runs=runs, error=error)


def _where(found: Container, software: str) -> str:
    return f"container {found.name.removeprefix('/')} of image {found.config.image}, by {software}"


def _info(found: Container) -> AttemptInfo:
    return AttemptInfo({"container": found.id, "image": found.config.image, "image_id": found.image})


def _microseconds(at: datetime | None) -> int:
    """A time of a container since the epoch; 0 for none, which runtimes write as the first day of the year 1."""
    return int(at.timestamp() * 1_000_000) if at is not None and at.year > 1 else 0
