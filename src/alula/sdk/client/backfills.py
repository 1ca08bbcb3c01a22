"""Backfills as Python programs use them: a launch plan is run for times in the past."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import datetime
from typing import Any, Literal, NamedTuple, TypedDict

import msgspec

from alula.core.errors import Unavailable
from alula.core.ids import ExecutionId, Place
from alula.sdk.client.connection import Connection
from alula.sdk.client.outage import Outage
from alula.sdk.client.own import ask, tell

LOOK_EVERY_S = 1.0
PAGE_ROWS = 1000
_OPEN = ("RUNNING", "PAUSED", "CANCELLING")


class BackfillSettings(TypedDict, total=False):
    """What can be said of a backfill beside its launch plan and range."""

    version: str
    """The version that runs; else the active one, or the newest."""
    cron: str
    """The expression that names the slots; else the schedule of the launch plan."""
    kickoff: str
    """The input that gets the time of the slot; else that of the schedule."""
    order: Literal["oldest", "newest"]
    """The slots that are run first."""
    at_once: int
    """The most runs that are open at once, 1 if it is not said."""
    reprocess: Literal["none", "failed", "all"]
    """Which slots are run again that have a run which has ended."""
    on_failure: Literal["stop", "continue"]
    """`stop`, if it is not said: no further slot starts after one has failed."""
    name: str
    """The name of the backfill; else a new one."""


class Slot(msgspec.Struct, frozen=True):
    """One slot of a backfill."""

    at: datetime
    """The time that the schedule names."""
    planned_for: datetime
    """The time that the run is about."""
    state: str
    """`WAITING`, `RUNNING`, `SUCCEEDED`, `FAILED`, or `THERE` if a run of the slot existed and is left as it is."""
    run: str
    """The name of its run, also before it is started."""
    detail: str
    """The reason why it failed, if no run tells that."""


class AskedBackfill(NamedTuple):
    """A backfill that is to start, or to be shown."""

    place: Place
    plan: str
    first: datetime
    until: datetime | None
    settings: BackfillSettings

    @property
    def body(self) -> dict[str, object]:
        """As the platform reads it."""
        until = None if self.until is None else self.until.isoformat()
        return {"plan": self.plan, "first": self.first.isoformat(), "until": until, **self.settings}


def plan_backfill(connection: Connection, asked: AskedBackfill) -> list[Slot]:
    """What a backfill would do with each slot."""
    preview = tell(connection, "backfills", *asked.place, "preview", body=asked.body)
    return msgspec.convert(preview["slots"], list[Slot])


def start_backfill(connection: Connection, asked: AskedBackfill) -> Backfill:
    """Start one."""
    return Backfill(connection, tell(connection, "backfills", *asked.place, body=asked.body))


def find_backfill(connection: Connection, id: ExecutionId) -> Backfill:
    """One that exists. Raises `NotFound`."""
    return Backfill(connection, ask(connection, "backfills", *id))


class Backfill:
    """One backfill on a platform, as it was when it was last looked at."""

    # `Any`: the answer is JSON.
    def __init__(self, connection: Connection, told: dict[str, Any]) -> None:
        self._connection = connection
        self.told = told
        """The last answer of the platform."""
        self.id = ExecutionId(told["project"], told["domain"], told["name"])

    @property
    def state(self) -> str:
        """`RUNNING`, `PAUSED`, `CANCELLING`, `SUCCEEDED`, `FAILED` or `CANCELLED`."""
        return self.told["state"]

    @property
    def counts(self) -> dict[str, int]:
        """The numbers of slots: `waiting`, `running`, `succeeded`, `failed`, `there`."""
        return self.told["slots"]

    def refresh(self) -> Backfill:
        """Look at it now."""
        self.told = ask(self._connection, "backfills", *self.id)
        return self

    def slots(self) -> Iterator[Slot]:
        """Its slots with their runs, by time, as they are now."""
        offset, page = 0, [None] * PAGE_ROWS
        while len(page) == PAGE_ROWS:
            page = ask(self._connection, "backfills", *self.id, "slots", limit=str(PAGE_ROWS), offset=str(offset))
            yield from msgspec.convert(page, list[Slot])
            offset += PAGE_ROWS

    def pause(self) -> Backfill:
        """Start no further slot; runs that are open go on. Raises `FailedPrecondition` if it has ended."""
        return self._change("pause")

    def resume(self) -> Backfill:
        """Go on with it. Raises as `pause`."""
        return self._change("resume")

    def cancel(self) -> Backfill:
        """Start no further slot, and abort the runs that are open. Raises as `pause`."""
        return self._change("cancel")

    def wait(self, timeout_s: float | None = None) -> Backfill:
        """Until it has ended, well or badly. Raises `Unavailable` code `WaitTimeout`."""
        deadline = None if timeout_s is None else time.monotonic() + timeout_s
        outage = Outage()
        while self.state in _OPEN:
            if deadline is not None and time.monotonic() >= deadline:
                raise Unavailable("WaitTimeout", f"{self.id} did not end within {timeout_s:g} s; it goes on")
            time.sleep(LOOK_EVERY_S)
            try:
                self.refresh()
            except Unavailable as error:
                outage.goes_on(error, None)
                continue
            outage.is_over()
        return self

    def _change(self, action: str) -> Backfill:
        self.told = tell(self._connection, "backfills", *self.id, action)
        return self

    def __repr__(self) -> str:
        return f"<backfill {self.id}>"
