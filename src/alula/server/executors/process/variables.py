"""The environment variables of attempts. Pure.

Modules read variables when they are imported, so the variables that the imports of a fork server see are part of its
identity: only those that the engine itself sets differ between attempts forked from one server.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase

from alula.core.policy import trace_context

OWN_PREFIXES = (
    "FLYTE_INTERNAL_EXECUTION_",
    "FLYTE_INTERNAL_TASK_",
    "FLYTE_INTERNAL_PROJECT",
    "FLYTE_INTERNAL_DOMAIN",
    "FLYTE_INTERNAL_NAME",
    "FLYTE_INTERNAL_VERSION",
    "FLYTE_ATTEMPT_NUMBER",
    "FLYTE_MAX_ATTEMPTS",
    "FLYTE_START_TIME",
    "FLYTE_EXECUTION_URL",
    "FLYTE_K8S_ARRAY_INDEX",
    "BATCH_JOB_ARRAY_INDEX_",
    trace_context.ENVIRONMENT,
)
"""Prefixes of the variables that the engine sets for one attempt alone."""

INHERITED = (
    "PATH",
    "LANG",
    "LANGUAGE",
    "LC_*",
    "TZ",
    "TMPDIR",
    "USER",
    "LOGNAME",
    "LD_LIBRARY_PATH",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "CUDA_*",
    "NVIDIA_*",
    "OMP_*",
    "MKL_*",
    "OPENBLAS_*",
)
"""Variables that a task takes over from the platform's own environment: the machine's ways, and nobody's secrets or
configuration."""


FOR_UV = (*INHERITED, "HOME", "XDG_*", "UV_*", "SSL_*", "*_proxy", "*_PROXY")
"""Variables of the platform for the making of environments, which runs code of packages."""


def for_uv(platform: Mapping[str, str]) -> dict[str, str]:
    return _those_like(platform, FOR_UV)


def inherited(platform: Mapping[str, str], *, home: str, also: Sequence[str] = ()) -> dict[str, str]:
    """The variables that every attempt takes over from the platform, and a home folder of its own; `also` are further
    names, or patterns of names.

    flytekit reads `~/.flyte/config.yaml`, which is the user's as a client and not a task's.
    """
    return {**_those_like(platform, (*INHERITED, *also)), "HOME": home}


def _those_like(platform: Mapping[str, str], wanted: Sequence[str]) -> dict[str, str]:
    return {name: value for name, value in platform.items() if any(fnmatchcase(name, each) for each in wanted)}


FORK_FRIENDLY = {"JE_ARROW_MALLOC_CONF": "background_thread:false"}
"""Defaults with which libraries can be imported before a fork: Arrow's allocator starts a thread on import, and
pandas imports Arrow, so that without this nearly every data task would need a fresh process."""


def for_interpreter(variables: Mapping[str, str], *, bin_folder: str, code_folder: str) -> dict[str, str]:
    """The variables with the commands of an environment first on PATH, and a folder of code importable."""
    path = variables.get("PATH", "/usr/local/bin:/usr/bin:/bin")
    result = {
        **FORK_FRIENDLY,
        **variables,
        "PATH": f"{bin_folder}:{path}" if bin_folder else path,
        "PYTHONUNBUFFERED": "1",
    }
    if code_folder:
        further = variables.get("PYTHONPATH", "")
        result["PYTHONPATH"] = f"{code_folder}:{further}" if further else code_folder
    return result


def split(variables: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """The variables that all attempts of a task share, and those of one attempt."""
    shared: dict[str, str] = {}
    own: dict[str, str] = {}
    for name, value in variables.items():
        (own if name.startswith(OWN_PREFIXES) else shared)[name] = value
    return shared, own
