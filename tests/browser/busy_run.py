"""A run in which a thousand steps change with each answer of the platform: more than tasks on one machine can make.

The page asks for it once a second, as one does that can't share a connection; what it is told is made here.
"""

# pyright: reportMissingImports=false
# Playwright is there for these tests alone.
from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

STEPS, AT_ONCE = 2_000, 1_000
INSIDE = 9
"""So many of the steps are inside the first one."""
RUNNING, SUCCEEDED = 2, 3
_NO_WORKER = "delete window.SharedWorker"


# `Any`: pages of Playwright, and JSON of the platform.
class _Between:
    """Stands between a page and the platform. Counts what it has told."""

    def __init__(self, page: Any) -> None:
        self.told = 0
        self._known: dict[str, Any] = {}
        page.add_init_script(_NO_WORKER)
        page.route("**/skeleton", self._skeleton)
        page.route("**/changes?*", self._changes)

    def _begin(self) -> dict[str, Any]:
        """The parts of the skeleton that are other than the platform's."""
        raise NotImplementedError

    def _changed(self) -> dict[str, list[Any]]:
        """The nodes that have changed since the last answer."""
        raise NotImplementedError

    def _skeleton(self, route: Any) -> None:
        self._known = route.fetch().json()
        self._answer(route, self._begin())

    def _changes(self, route: Any) -> None:
        self.told += 1
        nodes, since = self._changed(), self._known["seq"]
        self._known["seq"] = since + len(nodes["id"])
        self._answer(route, {"nodes": nodes, "since": since, "reset": False, "items": {}})

    def _answer(self, route: Any, parts: dict[str, Any]) -> None:
        route.fulfill(content_type="application/json", body=json.dumps({**self._known, **parts}))


class BusyRun(_Between):
    """A run of many steps, which the platform does not know."""

    def _begin(self) -> dict[str, Any]:
        self._known["attempts"] = {name: [] for name in self._known["attempts"]}
        return {"nodes": _nodes(range(STEPS), RUNNING)}

    def _changed(self) -> dict[str, list[Any]]:
        first = self.told * AT_ONCE % STEPS
        return _nodes([(first + step) % STEPS for step in range(AT_ONCE)], RUNNING + self.told // 2 % 2)


class FlickeringRun(_Between):
    """A run that has ended, as if it went on: with each answer all its steps run again, or have succeeded."""

    def _begin(self) -> dict[str, Any]:
        self._known["run"] |= {"phase": RUNNING, "ended_at": None}
        return {}

    def _changed(self) -> dict[str, list[Any]]:
        nodes = self._known["nodes"]
        return {**nodes, "phase": [RUNNING + self.told % 2] * len(nodes["id"])}


def _nodes(steps: Sequence[int], phase: int) -> dict[str, list[Any]]:
    def same(value: object) -> list[Any]:
        return [value] * len(steps)

    return {
        "id": [f"n{step}" for step in steps],
        "spec": same(""),
        "parent": ["n0" if 0 < step <= INSIDE else "" for step in steps],
        "phase": same(phase),
        "created": same(1),
        "started": same(2),
        "ended": same(9 if phase == SUCCEEDED else -1),
        "tries": same(1),
        "cache": same(0),
        "flags": same(0),
    }


class Measures:
    """What a page has cost so far, whatever else this machine does."""

    def __init__(self, page: Any) -> None:
        self._session = page.context.new_cdp_session(page)
        self._session.send("Performance.setTimeDomain", {"timeDomain": "threadTicks"})
        self._session.send("Performance.enable")

    def busy_ms(self) -> float:
        """The time for which its thread had a core."""
        return self._read()["TaskDuration"] * 1_000

    def heap_mb(self) -> float:
        """What it holds."""
        self._session.send("HeapProfiler.collectGarbage")
        return self._read()["JSHeapUsedSize"] / 2**20

    def _read(self) -> dict[str, float]:
        return {each["name"]: each["value"] for each in self._session.send("Performance.getMetrics")["metrics"]}
