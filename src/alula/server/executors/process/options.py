"""The settings of the process executor, with their defaults."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import msgspec

from alula.core.amounts import not_amounts
from alula.server.executors.secret_files import folder_problems

FLYTEKIT_IMAGES = ("cr.flyte.org/flyteorg/flytekit:py3.*", "ghcr.io/flyteorg/flytekit:py3.*")
"""Patterns of flytekit's default images, whose names say what is in them."""


class ProcessOptions(msgspec.Struct, frozen=True):
    """The settings of the process executor."""

    cpu_millicores: int = 0
    """CPU that attempts share; 0 for all that this process may use."""
    memory_bytes: int = 0
    """Memory that attempts share; 0 for all that this process may use."""
    default_cpu_millicores: int = 500
    """CPU that counts for an attempt that asks for none."""
    default_memory_bytes: int = 0
    """Memory that counts for an attempt that asks for none."""
    log_limit_bytes: int = 64 * 1024 * 1024
    """Most that one attempt may write to its output; more ends it with `LogLimitExceeded`."""
    result_limit_bytes: int = 512 * 1024 * 1024
    """Most that the outputs of one attempt may be in `outputs.pb`; more fails it with `OutputsNotReadable`. Frames and
    files are not in it, only references to them."""
    kill_grace_s: float = 5.0
    """Time from SIGTERM to SIGKILL when an attempt is cancelled."""
    leftover_grace_s: float = 1.0
    """Time in which processes that an attempt left behind may end by themselves."""
    tolerate_leftovers: bool = False
    """Kill what an attempt leaves behind without failing it."""
    memory_control: Literal["auto", "cgroup", "sampled"] = "auto"
    """The way in which memory limits are enforced; `auto` is by cgroup where one may be made."""
    fork_servers: int = 8
    """The number of fork servers that are kept."""
    fork_server_idle_s: float = 300.0
    """The time that an idle one is kept."""
    import_timeout_s: float = 60.0
    """The time that the imports of a fork server may take before its attempts start in fresh processes."""
    inherit: tuple[str, ...] = ()
    """Names, or patterns such as `AWS_*`, of variables of the platform that tasks get beside the usual ones."""
    secrets: str = ""
    """The folder of secrets, maybe with `{{ project }}` and `{{ domain }}`; without one, what tasks ask for is not
    handed over."""
    environments: tuple[str, ...] = ()
    """`PATTERN=DIR`: images that match are run by the virtual environment or the Python at DIR."""
    build_environments: bool = True
    """Make environments for an `ImageSpec` and for flytekit's default images."""
    environments_keep_days: float = 30.0
    """Time without use after which an environment that was made is removed; 0 for never."""
    bundle_max_bytes: int = 1024 * 1024 * 1024
    """Most that a code bundle may unpack to."""
    bundle_max_entries: int = 100_000
    """Most files and folders in one."""
    bundles_keep_bytes: int = 10 * 1024 * 1024 * 1024
    """Disk for unpacked bundles; beyond it the least recently used are removed."""

    @property
    def mapped_images(self) -> tuple[str, ...]:
        """Patterns of the images that the settings map to an environment."""
        return tuple(entry.rpartition("=")[0] for entry in self.environments)

    @property
    def known_images(self) -> tuple[str, ...]:
        """Patterns of the images that an environment of this machine stands for."""
        return (*self.mapped_images, *(FLYTEKIT_IMAGES if self.build_environments else ()))

    def problems(self) -> Iterator[tuple[str, str]]:
        yield from not_amounts(self)
        if 0 < self.environments_keep_days * 86400 < self.fork_server_idle_s:
            yield "environments_keep_days", "wants 0, or more than the time that an idle fork server is kept"
        for problem in folder_problems(self.secrets):
            yield "secrets", problem
        for entry in self.environments:
            if not all(entry.partition("=")):
                yield "environments", f"wants PATTERN=DIR, not `{entry}`"
