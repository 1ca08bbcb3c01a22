"""Answers to why something is as it is, each with the answers to why that is so."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from alula.core.engine.records import Reason
from alula.core.errors import TaskError
from alula.core.policy.retries import last_error

_MESSAGE_CHARS = 300


class Link(msgspec.Struct, frozen=True):
    """One answer. `because` are the answers to why it is so."""

    node_id: str
    """Empty for the run."""
    code: str
    text: str
    at: int = 0
    """Microseconds since the epoch, 0 where it is not known."""
    facts: dict[str, str] = {}
    because: tuple[Link, ...] = ()
    fix: str = ""
    """What to do about an error; empty where nothing is known, or where `because` has the error."""
    is_remark: bool = False
    """True for what is told besides, such as an earlier attempt: no cause of how it is now."""


def first_cause(link: Link) -> Link:
    """The end of the way by the first of each answer's causes."""
    while link.because and not link.because[0].is_remark:
        link = link.because[0]
    return link


def by_reason(reason: Reason, text: str, because: tuple[Link, ...]) -> Link:
    return Link(reason.node_id, reason.code, text, reason.at, reason.facts, because)


def remark(reason: Reason) -> Link:
    """A reason as it was told."""
    return Link(reason.node_id, reason.code, reason.text, reason.at, reason.facts, is_remark=True)


def story(name: str, told: Sequence[Reason]) -> tuple[Link, ...]:
    """What was told of an item, the latest first."""
    return tuple(Link(name, each.code, each.text, each.at, each.facts, is_remark=True) for each in reversed(told))


def said_of(error: TaskError) -> str:
    """The error of the last attempt in one line."""
    last = last_error(error)
    spent = "" if last is error else ", no retries left"
    return f"{last.code} ({last.kind.lower()} error{spent}): {short(last.message)}"


def facts_of(error: TaskError) -> dict[str, str]:
    return {"error": error.code, "kind": error.kind, "message": last_error(error).message}


def fix_of(error: TaskError) -> str:
    """What to do about it; empty where its code is none of the platform's."""
    from alula.core.fixes import FIXES, RAISED  # lazy: most runs do not fail

    code = last_error(error).code
    return FIXES.get(code) or (FIXES[RAISED] if code.startswith("USER:") else "")


def short(message: str) -> str:
    """Its first line, within bounds: the rest is the traceback."""
    lines = [line for line in message.strip().splitlines() if line.strip()]
    return lines[0][:_MESSAGE_CHARS] if lines else ""
