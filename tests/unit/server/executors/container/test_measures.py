"""The documentation names the figures of the container executor as they are."""

from __future__ import annotations

import re
from pathlib import Path

from alula.server.executors.container.measures import ATTEMPTS

PAGE = Path(__file__).parents[5] / "docs/containers.md"


def test_the_metrics_are_as_documented() -> None:
    rows = re.findall(r"^\| `(alula_\w+)` \| (\w+) \| ([^|]*)\| (.+) \|$", PAGE.read_text(), re.MULTILINE)
    told = [(name, kind, tuple(re.findall(r"`(\w+)`", labels)), help) for name, kind, labels, help in rows]
    assert told == [(ATTEMPTS.name, ATTEMPTS.kind, ATTEMPTS.labels, ATTEMPTS.help)]
