"""`alula logs --grep`: the lines of a run's logs that have a text, with the attempt and the number of each."""

from __future__ import annotations

from urllib.parse import quote, urlencode

import click
import msgspec

from alula.cli.failures import CommandEnded, say
from alula.core.errors import InvalidInput
from alula.core.ids import ExecutionId
from alula.sdk.client import http

LINES_MAX = 1_000
NO_MATCH = 1
"""The exit status of grep for it."""


class Looked(msgspec.Struct, frozen=True):
    """A text, and the logs of a run in which it is looked for. None stands for all."""

    text: str
    ignore_case: bool = False
    node_ids: tuple[str, ...] | None = None
    attempt: int | None = None
    index: int | None = None


class _Line(msgspec.Struct, frozen=True):
    """A line that has the text, or the last one of an answer."""

    line: int = 0
    text: str = ""
    node_id: str = ""
    attempt: int = 0
    index: int = -1
    done: bool = False
    more: bool = False


def refuse_unfit(text: str | None, *, ignore_case: bool, follow: bool) -> None:
    """Raise `InvalidInput` for what can't be looked for."""
    if text is None:
        if ignore_case:
            raise InvalidInput("InvalidParameter", "--ignore-case goes with --grep", fix="add --grep TEXT")
        return
    if not text:
        raise InvalidInput("InvalidParameter", "--grep has no text to look for", fix="name a part of a line")
    if "\n" in text:
        raise InvalidInput("InvalidParameter", "--grep looks at one line at a time, and its text has several")
    if follow:
        raise InvalidInput(
            "InvalidParameter",
            "--grep looks at what is written so far, so it does not go with --follow",
            fix="pipe it: alula logs --follow RUN NODE | grep TEXT",
        )


def print_lines(base: str, id: ExecutionId, looked: Looked) -> None:
    """Print the lines. Ends the command with `NO_MATCH` if there is none."""
    found, more = 0, False
    for node_id in looked.node_ids or (None,):
        for line in _lines(base, id, looked, node_id, LINES_MAX - found):
            if line.done:
                more = more or line.more
                continue
            found += 1
            item = "" if line.index < 0 else f"[{line.index}]"
            click.echo(f"{line.node_id}{item} attempt {line.attempt}, line {line.line}: {line.text}")
        if more:
            say(f"More lines have it; these are the first {found:,}. Name a node, or a longer text.")
            return
    if not found:
        say(f"No line of {id.name} has `{looked.text}` so far.")
        raise CommandEnded(NO_MATCH)


def _lines(base: str, id: ExecutionId, looked: Looked, node_id: str | None, limit: int) -> list[_Line]:
    asked: dict[str, str | int | None] = {
        "q": looked.text,
        "case": int(not looked.ignore_case),
        "limit": max(limit, 1),
        "node_id": node_id,
        "attempt": looked.attempt,
        "index": looked.index,
    }
    query = urlencode({name: value for name, value in asked.items() if value is not None})
    where = "/".join(quote(part, safe="") for part in id)
    url = f"{base}/api/v1/alula/log-search/{where}?{query}"
    return [msgspec.json.decode(line, type=_Line) for line in http.stream_lines(url, timeout_s=http.TRANSFER_TIMEOUT_S)]
