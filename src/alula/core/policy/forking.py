"""How a task says that its attempts must not be forks: by a variable of its container, as any client can set one."""

from __future__ import annotations

FORK_VARIABLE = "ALULA_FORK"
NO_FORK = "0"
