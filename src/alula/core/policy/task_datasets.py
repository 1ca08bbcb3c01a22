"""Cache entries as datasets: all entries of a task, a cache version and an interface are one, which has a name."""

from __future__ import annotations

import re
from typing import NamedTuple

from alula.core.policy.cache_key import CacheKey

_PREFIX = "alula_task-"
_VERSION = re.compile(r"(?P<cache_version>.*)-(?P<interface>[^-]+)", re.DOTALL)
_LISTED_MAX_BYTES = 2_000
"""The limit on all that names a dataset. Databases limit the length of a key: PostgreSQL to 2,704 bytes."""


class TaskDataset(NamedTuple):
    """A dataset of entries, within the project and domain of its task."""

    name: str
    version: str

    @classmethod
    def of(cls, key: CacheKey) -> TaskDataset:
        return cls(f"{_PREFIX}{key.task}", f"{key.cache_version}-{key.interface}")

    def fields(self) -> dict[str, str] | None:
        """The fields that the keys of its entries have in common; None for a version that no entry has."""
        match = _VERSION.fullmatch(self.version)
        return None if match is None else {"task": self.name.removeprefix(_PREFIX), **match.groupdict()}


def is_of_task(name: str) -> bool:
    """True if a dataset of this name is one of cache entries."""
    return name.startswith(_PREFIX)


def is_listed(key: CacheKey) -> bool:
    """True if the entry's dataset is kept, and so found in lists. Its entries can be read in any case."""
    named = (key.project, key.domain, key.task, key.cache_version, key.interface)
    return sum(len(each.encode()) for each in named) <= _LISTED_MAX_BYTES
