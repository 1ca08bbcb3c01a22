"""The logger of code that runs in tasks. The platform keeps what it prints with the run."""

from __future__ import annotations

import logging

logger = logging.getLogger("alula.task")
