"""The place of the container runtime's socket."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping

from alula.core.errors import FailedPrecondition

_SCHEME = "unix://"


def socket_of(setting: str, environment: Mapping[str, str], *, exists: Callable[[str], bool] = os.path.exists) -> str:
    """The socket that is set, that of `DOCKER_HOST`, or the first of the usual ones that is there.

    Raises `FailedPrecondition` code `NoContainerRuntime` if there is none.
    """
    host = environment.get("DOCKER_HOST", "")
    if setting or host.startswith(_SCHEME):
        found = setting or host.removeprefix(_SCHEME)
        if exists(found):
            return found
        raise _none(f"there is no socket {found}")
    if host:
        raise _none(f"`DOCKER_HOST` is {host}, and containers are run by a socket of this machine only")
    usual = _usual(environment.get("XDG_RUNTIME_DIR", ""))
    for each in usual:
        if exists(each):
            return each
    raise _none(f"there is none of {', '.join(usual)}")


def _usual(runtime_folder: str) -> list[str]:
    """Those of the machine, and those of a user's own runtime."""
    own = [f"{runtime_folder}/docker.sock", f"{runtime_folder}/podman/podman.sock"] if runtime_folder else []
    return ["/var/run/docker.sock", *own, "/run/podman/podman.sock"]


def _none(why: str) -> FailedPrecondition:
    return FailedPrecondition(
        "NoContainerRuntime",
        f"the container executor is enabled, and no container runtime is here: {why}",
        fix="start Docker, or `podman system service --time 0`; `executors.container.socket` names a socket elsewhere",
    )
