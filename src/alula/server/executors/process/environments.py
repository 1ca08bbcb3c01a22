"""Which interpreter runs a task, and why."""

from __future__ import annotations

import sys
from typing import NamedTuple


class Environment(NamedTuple):
    """A Python on this machine."""

    python: str
    why: str

    @property
    def bin_folder(self) -> str:
        return self.python.rpartition("/")[0]


def platform_environment() -> Environment:
    return Environment(sys.executable, "the platform's own Python")
