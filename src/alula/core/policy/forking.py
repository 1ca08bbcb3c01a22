"""The variable of its container by which a task refuses to be forked. Any client can set it."""

from __future__ import annotations

FORK_VARIABLE = "ALULA_FORK"
NO_FORK = "0"
