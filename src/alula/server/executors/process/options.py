"""The settings of the process executor, with their defaults."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import msgspec

from alula.core.amounts import not_amounts


class ProcessOptions(msgspec.Struct, frozen=True):
    """What an operator may set."""

    cpu_millicores: int = 0
    """CPU that attempts share; 0 for all that this process may use."""
    memory_bytes: int = 0
    """Memory that attempts share; 0 for all that this process may use."""
    default_cpu_millicores: int = 500
    """What an attempt counts that asks for no CPU."""
    default_memory_bytes: int = 0
    """What an attempt counts that asks for no memory."""
    log_limit_bytes: int = 64 * 1024 * 1024
    """Most that one attempt may write to its output; more ends it with `LogLimitExceeded`."""
    result_limit_bytes: int = 512 * 1024 * 1024
    """Most that the outputs of one attempt may be in `outputs.pb`; more fails it with `OutputsNotReadable`. Frames and
    files are not in it, only references to them."""
    kill_grace_s: float = 5.0
    """From SIGTERM to SIGKILL when an attempt is cancelled."""
    leftover_grace_s: float = 1.0
    """How long processes that an attempt left behind may take to end by themselves."""
    tolerate_leftovers: bool = False
    """Kill what an attempt leaves behind without failing it."""
    memory_control: Literal["auto", "cgroup", "sampled"] = "auto"
    """How memory limits are enforced; `auto` is by cgroup where one may be made."""
    fork_servers: int = 8
    """How many fork servers are kept."""
    fork_server_idle_s: float = 300.0
    """How long one is kept that has nothing to do."""
    import_timeout_s: float = 60.0
    """How long the imports of a fork server may take before its attempts start in fresh processes."""
    inherit: tuple[str, ...] = ()
    """Names, or patterns such as `AWS_*`, of variables of the platform that tasks get beside the usual ones."""
    environments: tuple[str, ...] = ()
    """`PATTERN=DIR`: images that match are run by the virtual environment or the Python at DIR."""
    build_environments: bool = True
    """Make environments for flytekit's default images."""
    bundle_max_bytes: int = 1024 * 1024 * 1024
    """Most that a code bundle may unpack to."""
    bundle_max_entries: int = 100_000
    """Most files and folders in one."""
    bundles_keep_bytes: int = 10 * 1024 * 1024 * 1024
    """Disk for unpacked bundles; beyond it those go that were not used for longest."""

    def problems(self) -> Iterator[tuple[str, str]]:
        yield from not_amounts(self)
        for entry in self.environments:
            if not all(entry.partition("=")):
                yield "environments", f"wants PATTERN=DIR, not `{entry}`"
