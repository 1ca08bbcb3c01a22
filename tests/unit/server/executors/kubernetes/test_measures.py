"""The documentation names the figures of the Kubernetes executor as they are."""

from __future__ import annotations

import re
from pathlib import Path

from alula.server.executors.kubernetes.measures import ATTEMPTS, CALLS, CALLS_FAILED, LISTS

PAGE = Path(__file__).parents[5] / "docs/kubernetes.md"


def test_the_metrics_are_as_documented():
    rows = re.findall(r"^\| `(\w+)` \| (\w+) \| ([^|]*)\| (.+) \|$", PAGE.read_text(), re.MULTILINE)
    told = {(each.name, each.kind, each.labels, each.help) for each in (ATTEMPTS, CALLS, CALLS_FAILED, LISTS)}
    assert {(name, kind, tuple(re.findall(r"`(\w+)`", labels)), help) for name, kind, labels, help in rows} == told
