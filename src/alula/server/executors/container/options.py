"""The settings of the container executor, with their defaults."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Literal

import msgspec

from alula.core.amounts import not_amounts
from alula.server.executors.secret_files import folder_problems

PullPolicy = Literal["IfNotPresent", "Always", "Never"]


class ContainerOptions(msgspec.Struct, frozen=True):
    """The settings of the container executor."""

    enabled: bool = False
    socket: str = ""
    """The socket of Docker's API; empty for that of `DOCKER_HOST`, or the first of the usual ones that is there."""
    unmapped_images: bool = True
    """Take the tasks whose image no environment of this machine stands for."""
    image: str = ""
    """The image of Alula's own tasks that name none."""
    image_pull_policy: PullPolicy = "IfNotPresent"
    network: str = ""
    """The network of containers; empty for the runtime's default."""
    user: str = ""
    """`USER:GROUP` by numbers; empty for the user of the platform, `image` for that of the image."""
    variables: dict[str, str] = {}
    """Variables of all containers, unless a task has them too."""
    secrets: str = ""
    """The folder of secrets, maybe with `{{ project }}` and `{{ domain }}`; empty for none."""
    platform_url: str = ""
    """The address `host:port` at which containers reach the platform's gRPC; empty if they can't."""
    cpu_millicores: int = 0
    """CPU that containers share; 0 for all that this process may use."""
    memory_bytes: int = 0
    """Memory that containers share; 0 for all that this process may use."""
    default_cpu_millicores: int = 500
    """CPU that counts for an attempt that asks for none."""
    default_memory_bytes: int = 0
    """Memory that counts for an attempt that asks for none."""
    gpus: tuple[str, ...] = ()
    """The GPUs that attempts may have, by number or id."""
    processes_max: int = 4096
    """Most processes and threads of one container; 0 for the runtime's own limit."""
    kill_grace_s: float = 5.0
    """Time from SIGTERM to SIGKILL when an attempt is cancelled."""
    log_limit_bytes: int = 64 * 1024 * 1024
    """Most that one attempt may write to its output; more ends it with `LogLimitExceeded`."""
    result_limit_bytes: int = 512 * 1024 * 1024
    """Most that the outputs of one attempt may be in `outputs.pb`."""

    def problems(self) -> Iterator[tuple[str, str]]:
        yield from not_amounts(self)
        if self.socket and not os.path.isabs(self.socket):
            yield "socket", f"wants an absolute path, not `{self.socket}`"
        for problem in folder_problems(self.secrets):
            yield "secrets", problem
        user, _, group = self.user.partition(":")
        if self.user not in ("", "image") and not (user.isdecimal() and group.isdecimal()):
            yield "user", f"wants USER:GROUP by numbers, or `image`, not `{self.user}`"
