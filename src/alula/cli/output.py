"""Printing of messages: as a table for people, as one JSON or YAML document for programs."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from google.protobuf.duration_pb2 import Duration
    from google.protobuf.message import Message
    from google.protobuf.timestamp_pb2 import Timestamp

_STANDARD_OUTPUT, _STANDARD_ERROR = 1, 2
_PHASE_COLOURS = {
    "SUCCEEDED": "green",
    "RECOVERED": "green",
    "FAILED": "red",
    "TIMED_OUT": "red",
    "FAILING": "red",
    "RUNNING": "blue",
    "DYNAMIC_RUNNING": "blue",
    "SUCCEEDING": "blue",
    "ABORTED": "magenta",
    "ABORTING": "magenta",
    "ACTIVE": "green",
}


@contextmanager
def standard_output_to_error() -> Generator[None]:
    """Send all that the user's code writes to standard output meanwhile to standard error, also from processes that it
    starts: the document stays alone."""
    sys.stdout.flush()
    kept = os.dup(_STANDARD_OUTPUT)
    os.dup2(_STANDARD_ERROR, _STANDARD_OUTPUT)
    try:
        yield
    finally:
        sys.stdout.flush()
        os.dup2(kept, _STANDARD_OUTPUT)
        os.close(kept)


def to_document(message: Message) -> dict[str, Any]:
    """The message in its JSON form: snake_case, default values included, as Flyte's gateway gives it."""
    from google.protobuf.json_format import MessageToDict  # lazy: only where JSON is asked for

    return MessageToDict(message, preserving_proto_field_name=True, always_print_fields_with_no_presence=True)


def format_moment(text: str | None) -> str:
    """A time as our own operations tell it, to the second; empty for none."""
    return text[:19].replace("T", " ") if text else ""


def print_document(document: Any, form: str) -> None:
    """One JSON or YAML document on standard output."""
    if form == "json":
        click.echo(json.dumps(document, indent=2, ensure_ascii=False))
        return
    import yaml  # lazy: only for -o yaml

    text = yaml.safe_dump(document, sort_keys=False, allow_unicode=True)  # pyright: ignore[reportUnknownMemberType]
    click.echo(text, nl=False)


def print_message(message: Message, form: str) -> None:
    """A FlyteIDL message as the one document."""
    print_document(to_document(message), form)


def print_table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Columns under upper-case headings, as wide as their content; nothing is cut off."""
    cells = [[column.upper() for column in columns], *([_one_line(cell) for cell in row] for row in rows)]
    widths = [max(len(row[place]) for row in cells) for place in range(len(columns))]
    for number, row in enumerate(cells):
        padded = [cell.ljust(width) for cell, width in zip(row, widths, strict=True)]
        padded[-1] = row[-1]
        styled = [
            click.style(text, bold=True) if number == 0 else colour_phase(text, cell)
            for text, cell in zip(padded, row, strict=True)
        ]
        click.echo("  ".join(styled).rstrip())


def print_facts(facts: Sequence[tuple[str, str]]) -> None:
    """Names and values of one thing, one a line; empty values are left out."""
    shown = [(name, value) for name, value in facts if value]
    width = max((len(name) for name, _ in shown), default=0) + 1
    for name, value in shown:
        label = click.style(f"{name}:".ljust(width), bold=True)
        click.echo(f"{label} {colour_phase(value, value)}")


def colour_phase(text: str, phase: str) -> str:
    """`text` in the colour of a phase, where `phase` is one."""
    colour = _PHASE_COLOURS.get(phase)
    return click.style(text, fg=colour) if colour else text


def format_time(timestamp: Timestamp) -> str:
    """UTC to the second; empty when not set."""
    if not timestamp.seconds:
        return ""
    return datetime.fromtimestamp(timestamp.seconds, UTC).strftime("%Y-%m-%d %H:%M:%S")


def to_seconds(value: Timestamp | Duration) -> float:
    return value.seconds + value.nanos / 1e9


def format_duration(seconds: float) -> str:
    """`0.08s`, `4.2s`, `1m07s`, `2h05m`."""
    if seconds < 1:
        return f"{seconds:.2f}s"
    if seconds < 59.95:
        return f"{seconds:.1f}s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes}m{rest:02d}s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours}h{minutes:02d}m"


def _one_line(cell: str) -> str:
    return " ".join(cell.split())
