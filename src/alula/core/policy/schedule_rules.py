"""The rules of a launch plan's schedule beside its times: what is made up for, when it begins and ends, how many runs.

`ConcurrencyPolicy` of FlyteIDL says how many runs of a plan may be open at once, and has one behaviour at that limit.
All else it has no fields for, so it stands in annotations of the plan, which other implementations of Flyte ignore.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Literal, TypeAlias, TypeVar

import msgspec
from flyteidl.admin import launch_plan_pb2

from alula.core.errors import InvalidInput
from alula.core.ids import EntityId
from alula.core.policy.schedule import Schedule, duration_us, schedule_of

CATCH_UP = "alula/schedule-catch-up"
STARTS = "alula/schedule-starts"
ENDS = "alula/schedule-ends"
JITTER = "alula/schedule-jitter"
AT_LIMIT = "alula/concurrency-behavior"
CatchUp: TypeAlias = Literal["all", "last", "none"]
AtLimit: TypeAlias = Literal["skip", "queue", "replace"]
_PREFIXES = ("alula/schedule-", "alula/concurrency-")
_CATCH_UPS: tuple[CatchUp, ...] = ("all", "last", "none")
_AT_LIMITS: tuple[AtLimit, ...] = ("skip", "queue", "replace")
Choice = TypeVar("Choice", bound=str)
_KEYS = (CATCH_UP, STARTS, ENDS, JITTER, AT_LIMIT)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Rules(msgspec.Struct, frozen=True):
    """What becomes of the fires of a schedule."""

    catch_up: CatchUp = "all"
    """Which of the fires that were missed are made up for."""
    open_max: int = 0
    """The most runs of the plan that may be open at once; 0 for no limit."""
    at_limit: AtLimit = "skip"
    """What becomes of a fire when that many are open."""


def rules_of(spec: launch_plan_pb2.LaunchPlanSpec) -> Rules:
    """Read the rules of a launch plan. Raises `InvalidInput` code `InvalidSchedule`."""
    said = spec.annotations.values
    for key in said:
        if key.startswith(_PREFIXES) and key not in _KEYS:
            raise _mistake(f"the annotation `{key[:100]}` means nothing", fix=f"those there are: {', '.join(_KEYS)}")
    return Rules(
        catch_up=_choice(said, CATCH_UP, _CATCH_UPS, "all"),
        open_max=spec.concurrency_policy.max,
        at_limit=_choice(said, AT_LIMIT, _AT_LIMITS, "skip"),
    )


def plan_schedule(spec: launch_plan_pb2.LaunchPlanSpec, *, plan: EntityId | None = None) -> Schedule:
    """Read the times at which a launch plan runs; `plan` decides which jitter each gets. Raises `InvalidInput` code
    `InvalidSchedule`."""
    said = spec.annotations.values
    starts_at, ends_at = (_time_us(said[key], key) if key in said else None for key in (STARTS, ENDS))
    if starts_at is not None and ends_at is not None and ends_at < starts_at:
        raise _mistake(f"`{ENDS}` is before `{STARTS}`", fix="exchange them")
    jitter_us = duration_us(said[JITTER], "jitter") if JITTER in said else 0
    if jitter_us < 0:
        raise _mistake(f"`{JITTER}` is negative", fix="write how much later a run may start, such as PT5M")
    return msgspec.structs.replace(
        schedule_of(spec.entity_metadata.schedule),
        starts_at=starts_at,
        ends_at=ends_at,
        jitter_us=jitter_us,
        salt="/".join(plan[:3]) if plan is not None else "",
    )


def _choice(said: Mapping[str, str], key: str, choices: tuple[Choice, ...], otherwise: Choice) -> Choice:
    text = said.get(key, otherwise)
    for choice in choices:
        if choice == text:
            return choice
    raise _mistake(f"`{key}` is `{text[:100]}`", fix=f"use {', '.join(choices)}")


def _time_us(text: str, key: str) -> int:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise _mistake(
            f"`{key}` is `{text[:100]}`, which is no time", fix="write it as 2026-01-31T06:00:00+01:00"
        ) from None
    return ((at if at.tzinfo else at.replace(tzinfo=UTC)) - _EPOCH) // timedelta(microseconds=1)


def _mistake(message: str, *, fix: str) -> InvalidInput:
    return InvalidInput("InvalidSchedule", message, fix=fix)
